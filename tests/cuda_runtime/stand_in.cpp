#include "tests/cuda_runtime/stand_in.h"

#include <cuda_runtime_api.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <random>
#include <set>
#include <vector>

struct CUevent_st {
  int64_t recorded = 0, done = 0;  // how often
};

struct CUstream_st {
  struct Step {
    std::function<bool()> may_run;
    std::function<void()> run;
  };
  std::deque<Step> steps;
};

namespace albert::testing::cuda_runtime {
namespace {

struct Machine {
  std::set<cudaStream_t> streams;
  std::set<cudaEvent_t> events;
  std::set<void*> blocks;
  std::mt19937 random;
  double eagerness = 0;
  int failing = 0;
};

Machine& machine() {
  static Machine one;
  return one;
}

// Runs one step that may run, if there is one.
bool run_one() {
  std::vector<cudaStream_t> ready;
  for (const cudaStream_t s : machine().streams)
    if (!s->steps.empty() && s->steps.front().may_run()) ready.push_back(s);
  if (ready.empty()) return false;
  const cudaStream_t stream = ready[machine().random() % ready.size()];
  const CUstream_st::Step step = std::move(stream->steps.front());
  stream->steps.pop_front();
  step.run();
  return true;
}

void run_until(const std::function<bool()>& done) {
  while (!done())
    if (!run_one()) std::abort();  // it would wait for ever
}

void enqueue(
    cudaStream_t stream, std::function<void()> run, std::function<bool()> may_run = [] { return true; }) {
  stream->steps.push_back({std::move(may_run), std::move(run)});
  std::uniform_real_distribution<double> chance(0, 1);
  while (chance(machine().random) < machine().eagerness && run_one()) continue;
}

cudaError_t allocate(void** block, size_t bytes) {
  if (machine().failing > 0 && --machine().failing == 0) return cudaErrorMemoryAllocation;
  *block = std::malloc(bytes);
  std::memset(*block, 0xa5, bytes);
  machine().blocks.insert(*block);
  return cudaSuccess;
}

cudaError_t release(void* block) {
  machine().blocks.erase(block);
  std::free(block);
  return cudaSuccess;
}

}  // namespace

void reset(uint32_t seed, double eagerness) {
  machine().random.seed(seed);
  machine().eagerness = eagerness;
  machine().failing = 0;
}

void launch(void* stream, void (*work)(void*), void* argument) {
  enqueue(static_cast<cudaStream_t>(stream), [=] { work(argument); });
}

int alive() { return static_cast<int>(machine().streams.size() + machine().events.size() + machine().blocks.size()); }

void fail_allocation(int number) { machine().failing = number; }

}  // namespace albert::testing::cuda_runtime

using namespace albert::testing::cuda_runtime;  // NOLINT: C's names below are its own

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int) {
  machine().streams.insert(*stream = new CUstream_st);
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  run_until([=] { return stream->steps.empty(); });
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {  // its work is done all the same
  cudaStreamSynchronize(stream);
  machine().streams.erase(stream);
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
  enqueue(
      stream, [] {}, [=, wanted = event->recorded] { return event->done >= wanted; });
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int) {
  machine().events.insert(*event = new CUevent_st);
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  machine().events.erase(event);
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  enqueue(stream, [=, number = ++event->recorded] { event->done = number; });
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  run_until([=, wanted = event->recorded] { return event->done >= wanted; });
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  enqueue(stream, [=] { std::memcpy(to, from, bytes); });
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** block, size_t bytes) { return allocate(block, bytes); }
cudaError_t cudaMallocHost(void** block, size_t bytes) { return allocate(block, bytes); }
cudaError_t cudaFree(void* block) { return release(block); }
cudaError_t cudaFreeHost(void* block) { return release(block); }

cudaError_t cudaGetLastError() { return cudaSuccess; }
const char* cudaGetErrorString(cudaError_t) { return "an error"; }

}  // extern "C"
