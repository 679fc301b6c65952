#pragma once
#include <filesystem>
#include <fstream>

#include "albert/trainer/loop/metrics.h"

namespace albert {

// metrics.jsonl: one JSON object a line, {"step": 20, "loss": 7.1, ..}, on the disk's way as soon
// as it is written.
class MetricsLog {
 public:
  // Keeps the records of an earlier run up to `from_step`; later ones, and a line cut short by a
  // crash, are dropped: they will be written again. Error(kIo).
  MetricsLog(std::filesystem::path path, int64_t from_step);
  void write(int64_t step,
             const Metrics& metrics);  // numbers that are not finite are written as null

 private:
  std::filesystem::path path_;
  std::ofstream file_;
};

}  // namespace albert
