#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "albert/engine/weights/safetensors.h"

namespace albert {

// The states of a run on the disk: <output_dir>/checkpoint-<step>/. A checkpoint is built under
// "<name>.tmp", every file synced, checksums (XXH3, 128 bits) of all files in manifest.json, then
// renamed; `latest` is a link that is swapped by rename. So a checkpoint is there complete or not
// at all, and `latest` always leads to one.
class Checkpoints {
 public:
  explicit Checkpoints(std::filesystem::path output_dir) : output_dir_(std::move(output_dir)) {}

  // `fill` writes the files into the folder it is given. An Error leaves what was there before.
  void write(int64_t step, const std::function<void(const std::filesystem::path& folder)>& fill);

  // The newest complete checkpoint; `skipped` names newer ones that are damaged, and says how.
  std::optional<int64_t> newest(std::vector<std::string>* skipped) const;

  // For messages: where a run can go on from, or that it cannot.
  std::string last_good() const;

  // Deletes all but the newest `keep` and those of steps that `spares` says; keep <= 0 deletes
  // none.
  void prune(int keep, const std::function<bool(int64_t step)>& spares);

  void remove(int64_t step);  // Error(kIo)

  std::filesystem::path folder(int64_t step) const;
  std::vector<int64_t> steps() const;  // ascending, complete or damaged

 private:
  void link_latest(int64_t step);
  std::filesystem::path output_dir_;
};

// The first difference between the files of a checkpoint and its manifest.json; none: it is
// complete and as it was written.
std::optional<std::string> verify_checkpoint(const std::filesystem::path& folder);

// Holds <output_dir>/.lock while it lives, so that no two runs write the same folder. Error(kIo)
// where another run holds it or the folder cannot be made.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& output_dir);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace albert
