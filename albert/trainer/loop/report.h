#pragma once
#include <filesystem>

namespace albert {

// <output_dir>/metrics.jsonl -> <output_dir>/report.html: one page with its curves as SVG, nothing
// to load from elsewhere. Error(kMissingInput), kBadData "file:line: ..", kIo.
void write_report(const std::filesystem::path& output_dir);

}  // namespace albert
