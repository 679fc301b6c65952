#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace albert {

// Tells a process that hangs, is stopped or cannot be reached from one that computes for long. A
// thread sends signs of life to one process and counts those of another.
class Heartbeat {
 public:
  using Clock = std::chrono::steady_clock;

  // `send` and `receive`, which gives how many came, are called from the thread about five times in
  // every `timeout`, and at least once a second.
  Heartbeat(Clock::duration timeout, std::function<void()> send, std::function<int()> receive);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // Whether nothing was heard for `timeout`. Time in which this process itself was held up, as by a
  // debugger or a job scheduler, does not count.
  bool is_silent() const { return silent_; }

 private:
  void run();
  bool wait(Clock::duration time);  // false when it is to stop

  Clock::duration timeout_;
  std::function<void()> send_;
  std::function<int()> receive_;
  std::atomic<bool> silent_ = false;
  bool stopping_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace albert
