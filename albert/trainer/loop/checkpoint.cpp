#include "albert/trainer/loop/checkpoint.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "albert/base/atomic_file.h"
#include "albert/base/atomic_names.h"
#include "albert/base/checksum.h"
#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.json";
constexpr const char* kPrefix = "checkpoint-";
constexpr uint64_t kMaxManifest = 1 << 20;

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> names;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().filename() != kManifest)
      names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

void write_manifest(const fs::path& folder) {
  nlohmann::ordered_json files;
  for (const auto& name : files_in(folder))
    files[name.string()] = {{"bytes", fs::file_size(folder / name)},
                            {"xxh3_128", xxh3_128_of_file(folder / name)}};
  write_file_atomically(folder / kManifest,
                        nlohmann::ordered_json{{"format", 1}, {"files", files}}.dump(1) + "\n");
}

void bring_to_disk(const fs::path& folder) {
  if (const int error = sync_folder(folder))
    fail(ErrorCode::kIo, folder.string(),
         ": cannot bring the folder to the disk: ", std::strerror(error));
}

void rename_to(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) fail(ErrorCode::kIo, to.string(), ": cannot be put in place: ", error.message());
  bring_to_disk(to.parent_path());
}

std::optional<int64_t> step_of(const std::string& name) {
  const std::string prefix = kPrefix;
  if (name.rfind(prefix, 0) != 0 || name.size() == prefix.size() ||
      name.size() > prefix.size() + 18)
    return {};
  const std::string digits = name.substr(prefix.size());
  if (digits.find_first_not_of("0123456789") != std::string::npos) return {};
  return std::stoll(digits);
}

std::optional<std::string> first_damage(const fs::path& folder, const JsonView& files) {
  for (const auto& [name, ignored] : files.object().raw().items()) {
    const JsonView entry = files.at(name);
    const fs::path path = folder / name;
    if (fs::path(name).filename() != name || !fs::is_regular_file(path))
      return name + " is not there";
    if (fs::file_size(path) != static_cast<uint64_t>(entry.at("bytes").integer()))
      return name + " has another size than when it was written";
    if (xxh3_128_of_file(path) != entry.at("xxh3_128").string())
      return name + " is not as it was written";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> verify_checkpoint(const fs::path& folder) {
  try {
    const fs::path path = folder / kManifest;
    const auto manifest = parse_json(path.string(), read_text_file(path, kMaxManifest));
    const JsonView view(path.string(), manifest);
    if (view.at("format").integer() != 1) return "manifest.json is of a newer format";
    return first_damage(folder, view.at("files"));
  } catch (const std::exception& e) {
    return e.what();
  }
}

fs::path Checkpoints::folder(int64_t step) const {
  return output_dir_ / (kPrefix + std::to_string(step));
}

std::vector<int64_t> Checkpoints::steps() const {
  std::vector<int64_t> found;
  std::error_code error;
  for (fs::directory_iterator at(output_dir_, error), end; !error && at != end; at.increment(error))
    if (const auto step = step_of(at->path().filename().string());
        step && fs::is_directory(at->path()))
      found.push_back(*step);
  std::sort(found.begin(), found.end());
  return found;
}

void Checkpoints::write(int64_t step, const std::function<void(const fs::path&)>& fill) {
  const fs::path final_name = folder(step), temporary = final_name.string() + ".tmp";
  try {
    fs::remove_all(temporary);  // of a run that was killed
    fs::create_directories(temporary);
    fill(temporary);
    write_manifest(temporary);
    bring_to_disk(temporary);
    fs::remove_all(final_name);  // a damaged one of the same step
    rename_to(temporary, final_name);
    link_latest(step);
  } catch (const fs::filesystem_error& e) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    fail(ErrorCode::kIo, e.what());
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
}

void Checkpoints::link_latest(int64_t step) {
  const fs::path temporary = output_dir_ / "latest.tmp";
  fs::remove(temporary);
  fs::create_symlink(folder(step).filename(), temporary);
  rename_to(temporary, output_dir_ / "latest");
}

std::optional<int64_t> Checkpoints::newest(std::vector<std::string>* skipped) const {
  const auto found = steps();
  for (auto step = found.rbegin(); step != found.rend(); ++step) {
    const auto damage = verify_checkpoint(folder(*step));
    if (!damage) return *step;
    skipped->push_back(folder(*step).string() + ": " + *damage);
  }
  return std::nullopt;
}

std::string Checkpoints::last_good() const {
  std::vector<std::string> ignored;
  const auto step = newest(&ignored);
  return step ? "the last good checkpoint is " + folder(*step).string()
              : "there is no checkpoint yet";
}

void Checkpoints::prune(int keep, const std::function<bool(int64_t step)>& spares) {
  const auto found = steps();
  if (keep <= 0 || static_cast<int>(found.size()) <= keep) return;
  for (size_t i = 0; i + static_cast<size_t>(keep) < found.size(); ++i) {
    if (spares(found[i])) continue;
    // Renamed first: half a deleted checkpoint must not look like a damaged one.
    const fs::path dropped = folder(found[i]).string() + ".tmp";
    std::error_code ignored;
    fs::remove_all(dropped, ignored);
    fs::rename(folder(found[i]), dropped, ignored);
    fs::remove_all(dropped, ignored);
  }
}

void Checkpoints::remove(int64_t step) {
  std::error_code error;
  fs::remove_all(folder(step), error);
  if (error) fail(ErrorCode::kIo, folder(step).string(), ": cannot remove: ", error.message());
}

FolderLock::FolderLock(const fs::path& output_dir) {
  std::error_code error;
  fs::create_directories(output_dir, error);
  if (error)
    fail(ErrorCode::kIo, output_dir.string(), ": cannot make the folder: ", error.message());
  const fs::path path = output_dir / ".lock";
  descriptor_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(ErrorCode::kIo, path.string(), ": cannot open: ", std::strerror(errno));
  if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  close(descriptor_);
  fail(ErrorCode::kIo, output_dir.string(),
       ": another run is writing this folder; choose another --output_dir");
}

FolderLock::~FolderLock() { close(descriptor_); }

}  // namespace albert
