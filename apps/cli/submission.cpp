#include "apps/cli/submission.h"

#include <vector>

#include "albert/base/atomic_file.h"
#include "albert/base/text_reader.h"
#include "albert/base/zip_writer.h"
#include "albert/trainer/tasks/registry.h"

namespace albert::apps {

std::string pack_submission(const std::filesystem::path& folder) {
  constexpr const char* kName = "submission.zip";
  std::vector<FileToZip> entries;
  for (const TaskSpec& task : tasks())
    for (const TestFile& test : task.test_files) {
      if (test.submission.empty()) continue;
      std::error_code ignored;
      if (!std::filesystem::is_regular_file(folder / test.submission, ignored)) return "";
      entries.push_back({test.submission, read_whole_text(folder / test.submission)});
    }
  write_file_atomically(folder / kName, zip_of(entries));
  return (folder / kName).string() + ": the " + std::to_string(entries.size()) +
         " files that GLUE's site takes\n";
}

}  // namespace albert::apps
