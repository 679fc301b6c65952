#include "albert/trainer/parallel/heartbeat.h"

#include <algorithm>
#include <utility>

namespace albert {

Heartbeat::Heartbeat(Clock::duration timeout, std::function<void()> send,
                     std::function<int()> receive)
    : timeout_(timeout),
      send_(std::move(send)),
      receive_(std::move(receive)),
      thread_([this] { run(); }) {}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Heartbeat::run() {
  constexpr int kBeats = 5, kLate = 3;
  const auto interval = std::min<Clock::duration>(timeout_ / kBeats, std::chrono::seconds(1));
  auto heard = Clock::now(), before = heard;
  do {
    send_();
    const bool any = receive_() > 0;
    const auto now = Clock::now();
    const bool was_held_up = now - before > kLate * interval;
    if (any || was_held_up) heard = now;
    silent_ = now - heard > timeout_;
    before = now;
  } while (wait(interval));
}

bool Heartbeat::wait(Clock::duration time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stopping_; });
}

}  // namespace albert
