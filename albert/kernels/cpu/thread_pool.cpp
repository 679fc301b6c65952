#include "albert/kernels/cpu/thread_pool.h"

#include <time.h>
#include <unistd.h>

#include <chrono>
#include <limits>
#include <system_error>

#include "albert/base/error.h"

namespace albert::kernels {
namespace {

// About as long as it takes to put a thread to sleep and to wake it again.
constexpr std::chrono::microseconds kSpin{50};

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// False when `ready` has not become true in time.
template <class Ready>
bool spin_until(const Ready& ready) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; ++i) {
      if (ready()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

double seconds_of(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

uint32_t items_left(uint64_t job) { return static_cast<uint32_t>(job); }

}  // namespace

ThreadPool::ThreadPool(int helpers)
    : helpers_(helpers), process_(getpid()), count_helpers_(helpers), allowed_(helpers) {}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  wakeups_ += static_cast<int>(threads_.size());
  wakeups_.notify_all();
  allowed_ = helpers_;
  allowed_.notify_all();
  for (auto& thread : threads_) process_ == getpid() ? thread.join() : thread.detach();
}

void ThreadPool::run(int64_t n, Item item, const void* context) {
  ALBERT_CHECK(n <= std::numeric_limits<int32_t>::max(), "a job of ", n, " items");
  if (running_.exchange(true, std::memory_order_acquire)) {
    for (int64_t i = 0; i < n; ++i) item(context, i);
    return;
  }
  if (!started_) start();
  share(static_cast<int>(n), item, context);
  std::exception_ptr error;
  if (failed_.exchange(false, std::memory_order_relaxed)) error.swap(error_);
  running_.store(false, std::memory_order_release);
  if (error) std::rethrow_exception(error);
}

void ThreadPool::share(int n, Item item, const void* context) {
  const double began = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  item_.store(item, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  count_.store(n, std::memory_order_relaxed);
  done_.store(0, std::memory_order_relaxed);
  const uint64_t number = (job_.load(std::memory_order_relaxed) >> 32) + 1;
  job_ = number << 32 | static_cast<uint64_t>(n);
  const int taken = take_items();
  const double used = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
  wait_for_helpers(n - taken);
  if (taken == 0) return;  // nothing tells how long an item takes
  count_helpers_.add(n, used * n / taken, seconds_of(CLOCK_MONOTONIC) - began);
  if (count_helpers_.get() == allowed_.load(std::memory_order_relaxed)) return;
  allowed_ = count_helpers_.get();
  allowed_.notify_all();
}

// Starts as many threads as the system allows: the work gets done without any.
void ThreadPool::start() {
  started_ = true;
  threads_.reserve(static_cast<size_t>(helpers_));
  try {
    while (threads_.size() < static_cast<size_t>(helpers_))
      threads_.emplace_back([this, i = static_cast<int>(threads_.size())] { help(i); });
  } catch (const std::system_error&) {
  }
}

void ThreadPool::help(int index) {
  while (!stopping_) {
    if (const int allowed = allowed_; index >= allowed) {
      allowed_.wait(allowed);
      continue;
    }
    if (const int taken = take_items()) {
      done_ += taken;
      done_.notify_one();
    }
    if (!spin_until([&] { return items_left(job_.load(std::memory_order_relaxed)) > 0; })) sleep();
  }
}

void ThreadPool::sleep() {
  ++sleepers_;
  if (items_left(job_) > 0 && take_sleeper()) return;
  for (int wakeups = wakeups_;;) {
    if (wakeups == 0) {
      wakeups_.wait(0);
      wakeups = wakeups_;
    } else if (wakeups_.compare_exchange_weak(wakeups, wakeups - 1)) {
      return;
    }
  }
}

bool ThreadPool::take_sleeper() {
  int sleepers = sleepers_;
  while (sleepers > 0)
    if (sleepers_.compare_exchange_weak(sleepers, sleepers - 1)) return true;
  return false;
}

void ThreadPool::wake_one() {
  if (!take_sleeper()) return;
  ++wakeups_;
  wakeups_.notify_one();
}

// Runs items of the job until all are begun, and returns how many it ran. Whoever begins one while
// there are more wakes a helper, so that all are awake soon, but none for a job that is too small.
int ThreadPool::take_items() {
  int taken = 0;
  uint64_t job = job_.load(std::memory_order_acquire);
  while (const uint32_t left = items_left(job)) {
    const Item item = item_.load(std::memory_order_relaxed);
    const void* context = context_.load(std::memory_order_relaxed);
    const int64_t count = count_.load(std::memory_order_relaxed);
    if (!job_.compare_exchange_weak(job, job - 1)) continue;
    if (left > 1) wake_one();
    call(item, context, count - left);
    ++taken;
    job = job_.load(std::memory_order_acquire);
  }
  return taken;
}

void ThreadPool::call(Item item, const void* context, int64_t i) noexcept {
  try {
    item(context, i);
  } catch (...) {
    if (!failed_.exchange(true, std::memory_order_relaxed)) error_ = std::current_exception();
  }
}

// Returns when helpers have finished `items`. A helper that lost its core takes long; so the caller
// soon gives up its own, which the system can give to that one.
void ThreadPool::wait_for_helpers(int items) {
  if (spin_until([&] { return done_.load(std::memory_order_acquire) == items; })) return;
  for (int done; (done = done_) != items;) done_.wait(done);
}

}  // namespace albert::kernels
