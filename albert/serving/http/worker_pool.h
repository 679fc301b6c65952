#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace albert::serving {

// Threads that mostly wait for the model: one is made when a job finds none idle, up to a number.
class WorkerPool {
 public:
  using Job = std::function<void()>;

  explicit WorkerPool(size_t most) : most_(most) {}
  ~WorkerPool();  // runs what is queued first
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void add(Job job);

 private:
  void add_thread();
  void work();

  const size_t most_;
  std::mutex mutex_;
  std::condition_variable has_job_;
  std::deque<Job> jobs_;
  size_t idle_ = 0;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace albert::serving
