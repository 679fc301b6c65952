#pragma once
#include <chrono>
#include <iosfwd>

#include "albert/trainer/loop/metrics.h"

namespace albert {

// Shows how far a run is: on a terminal in one line that is written again and again, elsewhere in
// a line for each record:
//   step 120/1000  12%  loss 7.31  mlm_accuracy 0.05  3.2k tokens/s  eta 3:12
class Progress {
 public:
  Progress(std::ostream& out, bool terminal, int64_t total_steps, int64_t first_step);

  void step(int64_t step, double tokens);             // call it after every update
  void record(int64_t step, const Metrics& metrics);  // and this one when metrics are logged
  void note(const std::string& line);                 // writes a line of its own
  double tokens_per_second() const;                   // since the last record
  void finish();

 private:
  void draw(int64_t step);
  std::string eta(int64_t step) const;

  using Clock = std::chrono::steady_clock;
  std::ostream& out_;
  bool terminal_;
  int64_t total_, first_;
  Clock::time_point start_ = Clock::now(), recorded_ = start_, drawn_ = start_;
  double tokens_ = 0, rate_ = 0;
  std::string shown_;
};

// "1:02:07", "3:12"
std::string clock_text(double seconds);
// 12345 -> "12.3k"
std::string short_number(double value);

}  // namespace albert
