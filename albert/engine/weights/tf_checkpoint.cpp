#include "albert/engine/weights/tf_checkpoint.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <sstream>

#include "albert/base/input_file.h"
#include "albert/base/printable.h"
#include "albert/engine/weights/albert_zh.h"
#include "albert/engine/weights/google_names.h"
#include "albert/engine/weights/tf_bundle.h"
#include "albert/engine/weights/tf_v1.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndex = ".index";
constexpr const char* kData = "*.data-[0-9][0-9][0-9][0-9][0-9]-of-[0-9][0-9][0-9][0-9][0-9]";
constexpr const char* kVariables = "variables";
constexpr uint64_t kMaxNoteBytes = 16 << 20;  // of the file `checkpoint`

// A folder's checkpoints by name, with the file that stands for each: the index of format V2, the
// file of V1 or its first one. And a data file of V2, where one is.
struct Checkpoints {
  std::map<std::string, fs::path> files;
  std::string data;
};

// Files of V1 have no ending; TensorFlow's scripts call them model.ckpt-777, and what ends as an
// index does belongs to V2.
bool may_be_v1(const fs::path& file) {
  constexpr std::array kOthers{"*.tmp", "*.meta", kData, "*.index"};
  const std::string name = file.filename().string();
  return name.find("ckpt") != std::string::npos &&
         std::none_of(kOthers.begin(), kOthers.end(),
                      [&](const char* pattern) { return fnmatch(pattern, name.c_str(), 0) == 0; });
}

Checkpoints checkpoints_in(const fs::path& folder) {
  Checkpoints found;
  std::vector<fs::path> v1;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const fs::path file = at->path().filename();
    if (file.extension() == kIndex) found.files.emplace(file.stem().string(), at->path());
    if (fnmatch(kData, file.c_str(), 0) == 0) found.data = file.string();
    if (may_be_v1(file) && is_tf_v1(at->path())) v1.push_back(at->path());
  }
  std::sort(v1.begin(), v1.end());  // the first of several stands for them
  for (const fs::path& file : v1) found.files.emplace(v1_name(file.filename().string()).name, file);
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

std::unique_ptr<const WeightSource> variables_of(const fs::path& file) {
  return file.extension() == kIndex ? open_tf_bundle(file) : open_tf_v1(file);
}

}  // namespace

bool is_tf_checkpoint(const fs::path& file) {
  return file.extension() == kIndex || (may_be_v1(file) && is_tf_v1(file));
}

fs::path find_tf_checkpoint(const fs::path& folder) {
  for (const fs::path& place : {folder, folder / kVariables}) {
    const Checkpoints found = checkpoints_in(place);
    std::vector<std::string> names;
    for (const auto& [name, file] : found.files) names.push_back(name);
    if (!names.empty()) return found.files.at(chosen_of(place, names));
    if (!found.data.empty()) {
      const fs::path index = place / (fs::path(found.data).stem().string() + kIndex);
      fail(ErrorCode::kMissingInput, index.string(), ": no such file, but ", found.data,
           " is beside it");
    }
  }
  return {};
}

std::unique_ptr<const WeightSource> open_tf_checkpoint(const fs::path& file) {
  return with_transformers_names(variables_of(file));
}

bool is_albert_zh(const fs::path& file) {
  return variables_of(file)->tensors().contains(kAlbertZhProjection);
}

}  // namespace albert
