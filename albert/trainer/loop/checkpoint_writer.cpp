#include "albert/trainer/loop/checkpoint_writer.h"

#include <chrono>
#include <utility>

namespace albert {
namespace {

constexpr int kMostFailures = 3, kTries = 2;

std::optional<Error> write(RunFolder& folder, int64_t step, int64_t best_step,
                           const CheckpointWriter::Fill& fill) {
  std::optional<Error> failed;
  for (int i = 0; i < kTries; ++i) {
    try {
      folder.save(step, best_step, fill);
      return std::nullopt;
    } catch (const Error& e) {
      failed = e;
    }
  }
  return failed;
}

}  // namespace

void CheckpointWriter::start(int64_t step, int64_t best_step, Fill fill) {
  wait();
  writing_ = std::async(std::launch::async, [this, step, best_step, fill = std::move(fill)] {
    return write(folder_, step, best_step, fill);
  });
}

void CheckpointWriter::poll() {
  if (writing_.valid() && writing_.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
    wait();
}

void CheckpointWriter::wait() {
  if (!writing_.valid()) return;
  failed_ = writing_.get();
  failed_in_a_row_ = failed_ ? failed_in_a_row_ + 1 : 0;
  if (!failed_) return;
  if (failed_in_a_row_ == kMostFailures) throw *failed_;
  notes_.push_back(std::string("albert: warning: ") + failed_->what() +
                   "; the run goes on without this checkpoint");
}

void CheckpointWriter::finish() {
  wait();
  if (failed_) throw *failed_;
}

std::vector<std::string> CheckpointWriter::take_notes() { return std::exchange(notes_, {}); }

}  // namespace albert
