#pragma once
#include <filesystem>
#include <fstream>

#include "albert/trainer/loop/metrics.h"

namespace albert {

// A run's metrics as TensorBoard reads them: a file of Event messages
// (tensorflow/core/util/event.proto), each written out at once.
class EventFile {
 public:
  // A new file in `folder`. A run that goes on from `from_step` has several there; TensorBoard
  // drops what the earlier ones have of later steps. Error(kIo).
  EventFile(const std::filesystem::path& folder, int64_t from_step);
  // "eval_loss" becomes eval/loss, "loss" train/loss, as transformers' callback has them. Numbers
  // that are not finite are written as they are. Error(kIo).
  void write(int64_t step, const Metrics& metrics);

 private:
  void append(const std::string& event);

  std::filesystem::path path_;
  std::ofstream file_;
};

}  // namespace albert
