#pragma once
#include <vector>

#include "albert/kernels/cuda/runtime/handles.h"
#include "albert/kernels/profile.h"

namespace albert::kernels {

// Marks points of a stream by events, so that nobody waits while calls are timed.
class EventClock final : public QueueClock {
 public:
  explicit EventClock(cudaStream_t stream) : stream_(stream) {}

  // An error is left for the next check.
  size_t mark() noexcept override {
    cudaEvent_t event = nullptr;
    cudaEventCreateWithFlags(&event, cudaEventDefault);
    cudaEventRecord(event, stream_);
    events_.emplace_back(event);
    return events_.size() - 1;
  }

  double seconds_between(size_t from, size_t to) override {
    float milliseconds = 0;
    check_cuda(cudaEventSynchronize(events_[to].get()), "a kernel");
    check_cuda(cudaEventElapsedTime(&milliseconds, events_[from].get(), events_[to].get()),
               "timing a kernel");
    return static_cast<double>(milliseconds) * 1e-3;
  }

 private:
  cudaStream_t stream_;
  std::vector<CudaEvent> events_;
};

}  // namespace albert::kernels
