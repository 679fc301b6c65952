#pragma once
#include <filesystem>
#include <fstream>

#include "albert/trainer/loop/metrics.h"

namespace albert {

// Writes metrics.jsonl: a JSON object on each line, {"step": 20, "loss": 7.1, ..}. A record goes to
// the file as soon as it is written.
class MetricsLog {
 public:
  // Keeps the records of an earlier run up to `from_step`. Later ones are dropped, as is a line
  // that a crash cut short: they will be written again. Error(kIo).
  MetricsLog(std::filesystem::path path, int64_t from_step);
  // Numbers that are not finite are written as null. Error(kIo).
  void write(int64_t step, const Metrics& metrics);

 private:
  std::filesystem::path path_;
  std::ofstream file_;
};

}  // namespace albert
