#include "albert/trainer/loop/event_file.h"

#include <chrono>

#include "albert/base/error.h"
#include "albert/base/protobuf.h"
#include "albert/base/tf_record.h"

namespace albert {
namespace {

namespace fs = std::filesystem;
using protobuf::bytes_field;
using protobuf::number_field;

constexpr const char* kEval = "eval_";

double seconds_since_1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// Event: wall_time 1, step 2, and one of file_version 3, summary 5, session_log 7.
std::string event(int64_t step, const std::string& content) {
  return protobuf::double_field(1, seconds_since_1970()) +
         number_field(2, static_cast<uint64_t>(step)) + content;
}

// Summary.Value: tag 1, simple_value 2.
std::string scalar(const std::string& name, double value) {
  const std::string tag = name.rfind(kEval, 0) == 0 ? "eval/" + name.substr(5) : "train/" + name;
  return bytes_field(1, bytes_field(1, tag) + protobuf::float_field(2, static_cast<float>(value)));
}

// A name that no earlier start of this run has. TensorBoard reads files in the order of names.
fs::path new_name(const fs::path& folder) {
  const auto seconds = static_cast<int64_t>(seconds_since_1970());
  for (int64_t at = seconds;; ++at) {
    fs::path path = folder / ("events.out.tfevents." + std::to_string(at) + ".albert");
    if (!fs::exists(path)) return path;
  }
}

}  // namespace

EventFile::EventFile(const fs::path& folder, int64_t from_step) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(ErrorCode::kIo, folder.string(), ": cannot make the folder: ", error.message());
  path_ = new_name(folder);
  file_.open(path_, std::ios::binary);
  if (!file_) fail(ErrorCode::kIo, path_.string(), ": cannot be opened for writing");
  append(event(0, bytes_field(3, "brain.Event:2")));
  constexpr uint64_t kStart = 1;  // of SessionLog.status: later steps of earlier files are void
  if (from_step > 0) append(event(from_step + 1, bytes_field(7, number_field(1, kStart))));
}

void EventFile::append(const std::string& event) {
  file_ << tf_record(event) << std::flush;
  if (!file_) fail(ErrorCode::kIo, path_.string(), ": writing failed (disk full?)");
}

void EventFile::write(int64_t step, const Metrics& metrics) {
  std::string summary;
  for (const auto& [name, value] : metrics.values()) summary += scalar(name, value);
  append(event(step, bytes_field(5, summary)));
}

}  // namespace albert
