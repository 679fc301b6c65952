#include "albert/trainer/loop/metrics_log.h"

#include <cmath>
#include <sstream>

#include "albert/base/atomic_file.h"
#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"

namespace albert {
namespace {

constexpr uint64_t kMaxLogBytes = uint64_t{1} << 30;

// The step of a record, -1 where the line is none: a run that was killed may leave half a line.
int64_t step_of(const std::string& line) {
  try {
    const auto record = parse_json("a record", line);
    return JsonView("a record", record).at("step").integer();
  } catch (const Error&) {
    return -1;
  }
}

std::string records_until(const std::filesystem::path& path, int64_t step) {
  std::istringstream lines(read_text_file(path, kMaxLogBytes));
  std::string kept, line;
  while (std::getline(lines, line)) {
    const int64_t at = step_of(line);
    if (at >= 0 && at <= step) kept += line + "\n";
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
