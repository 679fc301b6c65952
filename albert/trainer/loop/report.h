#pragma once
#include <filesystem>

namespace albert {

// Makes <output_dir>/report.html of <output_dir>/metrics.jsonl: one page with the curves as SVG
// that loads nothing from elsewhere. Error(kMissingInput), kBadData "file:line: ..", kIo.
void write_report(const std::filesystem::path& output_dir);

}  // namespace albert
