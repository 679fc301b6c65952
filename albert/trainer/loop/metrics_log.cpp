#include "albert/trainer/loop/metrics_log.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "albert/base/atomic_file.h"
#include "albert/base/error.h"
#include "albert/base/input_file.h"

namespace albert {
namespace {

constexpr uint64_t kMaxLogBytes = uint64_t{1} << 30;

std::string records_until(const std::filesystem::path& path, int64_t step) {
  std::istringstream lines(read_text_file(path, kMaxLogBytes));
  std::string kept, line;
  while (std::getline(lines, line)) {
    const auto record = nlohmann::json::parse(line, nullptr, false);
    if (record.is_object() && record.contains("step") && record["step"].is_number_integer() &&
        record["step"].get<int64_t>() <= step)
      kept += line + "\n";
  }
  return kept;
}

}  // namespace

MetricsLog::MetricsLog(std::filesystem::path path, int64_t from_step) : path_(std::move(path)) {
  std::error_code ignored;
  const bool resumed = from_step > 0 && std::filesystem::exists(path_, ignored);
  write_file_atomically(path_, resumed ? records_until(path_, from_step) : "");
  file_.open(path_, std::ios::app);
  if (!file_) fail(ErrorCode::kIo, path_.string(), ": cannot be opened for writing");
}

void MetricsLog::write(int64_t step, const Metrics& metrics) {
  nlohmann::ordered_json record{{"step", step}};
  for (const auto& [name, value] : metrics.values()) {
    if (std::isfinite(value))
      record[name] = value;
    else
      record[name] = nullptr;
  }
  file_ << record.dump() << "\n" << std::flush;
  if (!file_) fail(ErrorCode::kIo, path_.string(), ": writing failed (disk full?)");
}

}  // namespace albert
