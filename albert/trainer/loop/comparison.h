#pragma once
#include <filesystem>
#include <vector>

namespace albert {

// Makes one page of the curves of several runs, each metric's on one chart, with a table of what
// they reached and of the options that differ (args.json). `runs` are folders with metrics.jsonl,
// 2 to 6. Error(kUsage) for another number, kMissingInput, kBadData "file:line: ..", kIo.
void write_comparison(const std::vector<std::filesystem::path>& runs,
                      const std::filesystem::path& page);

}  // namespace albert
