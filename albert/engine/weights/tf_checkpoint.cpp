#include "albert/engine/weights/tf_checkpoint.h"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include "albert/base/input_file.h"
#include "albert/base/printable.h"
#include "albert/engine/weights/google_names.h"
#include "albert/engine/weights/tf_bundle.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndex = ".index";
constexpr const char* kData = "*.data-[0-9][0-9][0-9][0-9][0-9]-of-[0-9][0-9][0-9][0-9][0-9]";
constexpr const char* kVariables = "variables";
constexpr uint64_t kMaxNoteBytes = 16 << 20;  // of the file `checkpoint`

// The names of a folder's checkpoints, sorted; and of a data file, where one is.
struct Checkpoints {
  std::vector<std::string> names;
  std::string data;
};

Checkpoints checkpoints_in(const fs::path& folder) {
  Checkpoints found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const fs::path file = at->path().filename();
    if (is_tf_checkpoint(file)) found.names.push_back(file.stem().string());
    if (fnmatch(kData, file.c_str(), 0) == 0) found.data = file.string();
  }
  std::sort(found.names.begin(), found.names.end());
  return found;
}

// The checkpoint that TensorFlow notes as the newest, without the folder that it was written to;
// nothing where there is no note.
std::optional<std::string> noted(const fs::path& folder) {
  const fs::path note = folder / "checkpoint";
  std::error_code ignored;
  if (!fs::is_regular_file(note, ignored)) return std::nullopt;
  std::istringstream lines(read_text_file(note, kMaxNoteBytes));
  const std::string key = "model_checkpoint_path:";
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key)) continue;
    const size_t begin = line.find('"', key.size()), end = line.rfind('"');
    if (begin < end) return fs::path(line.substr(begin + 1, end - begin - 1)).filename().string();
  }
  fail(ErrorCode::kBadData, note.string(), ": found no ", key, " \"NAME\"");
}

// Of PREFIX-STEP; nothing for other names.
struct Step {
  std::string prefix;
  uint64_t number = 0;
};
std::optional<Step> step_of(const std::string& name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string::npos) return std::nullopt;
  Step step{name.substr(0, dash)};
  const char *begin = name.data() + dash + 1, *end = name.data() + name.size();
  const auto [at, error] = std::from_chars(begin, end, step.number);
  if (begin == end || at != end || error != std::errc()) return std::nullopt;
  return step;
}

// Of several checkpoints the one of the highest step, when they are of one run.
std::string newest_of(const fs::path& folder, const std::vector<std::string>& names) {
  const auto first = step_of(names.front());
  std::string newest;
  uint64_t highest = 0;
  for (const std::string& name : names) {
    const auto step = step_of(name);
    if (!step || step->prefix != first->prefix)
      fail(ErrorCode::kBadData, folder.string(), ": found the checkpoints ", joined_first(names, 6),
           ", wanted one; name it in a file \"checkpoint\": model_checkpoint_path: \"NAME\"");
    if (newest.empty() || step->number > highest) {
      newest = name;
      highest = step->number;
    }
  }
  return newest;
}

std::string chosen_of(const fs::path& folder, const std::vector<std::string>& names) {
  if (const auto name = noted(folder)) {
    if (std::find(names.begin(), names.end(), *name) == names.end())
      fail(ErrorCode::kMissingInput, (folder / "checkpoint").string(), ": found ", in_quotes(*name),
           ", which is not beside it, wanted ", one_of(names));
    return *name;
  }
  return names.size() == 1 ? names.front() : newest_of(folder, names);
}

}  // namespace

bool is_tf_checkpoint(const fs::path& file) { return file.extension() == kIndex; }

fs::path find_tf_checkpoint(const fs::path& folder) {
  for (const fs::path& place : {folder, folder / kVariables}) {
    const Checkpoints found = checkpoints_in(place);
    if (!found.names.empty()) return place / (chosen_of(place, found.names) + kIndex);
    if (!found.data.empty()) {
      const fs::path index = place / (fs::path(found.data).stem().string() + kIndex);
      fail(ErrorCode::kMissingInput, index.string(), ": no such file, but ", found.data,
           " is beside it");
    }
  }
  return {};
}

std::unique_ptr<const WeightSource> open_tf_checkpoint(const fs::path& index) {
  return with_transformers_names(open_tf_bundle(index));
}

}  // namespace albert
