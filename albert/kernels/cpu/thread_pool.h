#pragma once
// The threads of a CpuBackend.
#include <atomic>
#include <cstdint>
#include <exception>
#include <thread>
#include <vector>

#include "albert/kernels/cpu/helper_count.h"

namespace albert::kernels {

// Threads that share the items of a job. The machine may be busy with other processes, so nobody
// waits for a thread that has not begun: the caller takes items as the helpers do, and a helper
// that comes late finds none left. Threads that wait spin for tens of microseconds, then sleep.
class ThreadPool {
 public:
  explicit ThreadPool(int helpers);  // they are started by the first run()
  ~ThreadPool();                     // after the last run() has returned
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  using Item = void (*)(const void* context, int64_t i);

  // Calls item(context, i) once for every i in [0, n), n < 2^31, on the calling thread and on
  // helpers that come in time; returns when all have returned. If some threw, one of their
  // exceptions is thrown then. While the pool is at work, a second caller or an item of its own
  // job runs all of its items itself. In the child of a fork() there are no helpers.
  void run(int64_t n, Item item, const void* context);

 private:
  void start();
  void share(int n, Item item, const void* context);
  void help(int index);
  void sleep();
  bool take_sleeper();
  void wake_one();
  int take_items();
  void call(Item item, const void* context, int64_t i) noexcept;
  void wait_for_helpers(int items);

  const int helpers_;
  const int process_;
  bool started_ = false;
  std::vector<std::thread> threads_;
  std::atomic<bool> running_ = false;  // a caller has the pool
  HelperCount count_helpers_;
  std::atomic<int> allowed_;  // helpers of a smaller index take items, the others sleep

  // The job. Its number (high half) and the items not yet begun (low half) change together, so that
  // who takes an item knows that item_, context_ and count_ are those of its job.
  alignas(64) std::atomic<uint64_t> job_ = 0;
  std::atomic<Item> item_ = nullptr;
  std::atomic<const void*> context_ = nullptr;
  std::atomic<int64_t> count_ = 0;
  std::atomic<bool> failed_ = false;
  std::exception_ptr error_;

  alignas(64) std::atomic<int> done_ = 0;  // items of the job that helpers have finished

  // Sleepers less those a wake-up is meant for, and wake-ups that no sleeper has taken yet.
  alignas(64) std::atomic<int> sleepers_ = 0;
  std::atomic<int> wakeups_ = 0;
  std::atomic<bool> stopping_ = false;
};

}  // namespace albert::kernels
