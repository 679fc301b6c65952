#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "albert/engine/weights/safetensors.h"

namespace albert {

// One complete state of a run on the disk: <output_dir>/checkpoint-<step>/. It is built under
// "<name>.tmp", every file synced, checksums (XXH3, 128 bits) of all files in manifest.json, then
// renamed; `latest` is a link that is swapped by rename. So a checkpoint is there complete or not
// at all, and `latest` always leads to one.
class Checkpoints {
 public:
  explicit Checkpoints(std::filesystem::path output_dir) : output_dir_(std::move(output_dir)) {}

  // `fill` writes the files into the folder it is given. Error(kIo): what was there before is as it
  // was.
  void write(int64_t step, const std::function<void(const std::filesystem::path& folder)>& fill);

  // The newest checkpoint whose files are all what its manifest says; damaged ones are named in
  // `skipped`, with why.
  std::optional<int64_t> newest(std::vector<std::string>* skipped) const;

  // Deletes all but the newest `keep` and those in `spare`; keep <= 0 deletes none.
  void prune(int keep, const std::vector<int64_t>& spare);

  std::filesystem::path folder(int64_t step) const;
  std::vector<int64_t> steps() const;  // ascending, complete or damaged

 private:
  void link_latest(int64_t step);
  std::filesystem::path output_dir_;
};

// "" where every file of the folder is what manifest.json says, else what is wrong with which file.
std::string damage_of(const std::filesystem::path& folder);

// Holds <output_dir>/.lock while it lives, so that no two runs write the same folder. Error(kIo)
// naming the other.
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
