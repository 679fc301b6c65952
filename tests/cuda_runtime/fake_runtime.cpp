#include "tests/cuda_runtime/fake_runtime.h"

#include <cuda_runtime_api.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "albert/base/error.h"
#include "albert/kernels/emulator/device_memory.h"
#include "albert/kernels/emulator/emulator.h"

struct CUevent_st {
  int64_t recorded = 0;  // how often
  std::shared_ptr<int64_t> done =
      std::make_shared<int64_t>(0);  // of that; work in line may outlive the event
  std::shared_ptr<int64_t> passed_at =
      std::make_shared<int64_t>(0);  // the kernels that had run then
};

struct CUgraph_st {
  std::vector<std::function<void()>> work;
  bool valid = true;
};

struct CUgraphExec_st {
  std::vector<std::function<void()>> work;
  int gpu;
};

// Emulated kernels take it for their queue.
struct CUstream_st : albert::kernels::simt::Queue {
  explicit CUstream_st(int gpu_)
      : Queue{{albert::kernels::simt::Order::kRandom}, &kernels}, gpu(gpu_) {}

  struct Kernels final : albert::kernels::simt::Submitter {
    explicit Kernels(CUstream_st& s) : stream(s) {}
    void submit(std::function<void()> work) override;
    CUstream_st& stream;
  } kernels{*this};
  struct Step {
    std::function<bool()> may_run;
    std::function<void()> run;
  };
  int gpu;
  std::deque<Step> steps;
  std::unique_ptr<CUgraph_st> capture;
};

namespace albert::testing::cuda_runtime {
namespace {

using kernels::simt::DeviceMemory;

struct Machine {
  std::set<cudaStream_t> streams;
  std::set<cudaEvent_t> events;
  std::set<void*> host_blocks, gpu_blocks;
  int graphs_alive = 0;
  DeviceMemory memory;
  std::mt19937 random;
  double eagerness = 0;
  int failing = 0;
  int gpus = 1, current = 0;
  cudaError_t status = cudaSuccess;  // of the GPU, which every wait returns
  cudaError_t last = cudaSuccess;    // of a call, until it is asked for
  Calls calls;
  int64_t kernels_run = 0;
  bool computes = true;
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

cudaError_t failed(cudaError_t status) { return machine().last = status; }

cudaError_t run_until(const std::function<bool()>& done) {
  if (!machine().computes) return cudaSuccess;
  const DeviceMemory::Access access(machine().memory);
  while (!done())
    if (!run_one()) std::abort();  // it would wait for ever
  return machine().status == cudaSuccess ? cudaSuccess : failed(machine().status);
}

bool idle() {
  for (const cudaStream_t s : machine().streams)
    if (!s->steps.empty()) return false;
  return true;
}

// What waits, or says something of the whole GPU, may not come inside a recording.
bool spoils_recording() {
  bool spoils = false;
  for (const cudaStream_t s : machine().streams)
    if (s->capture) {
      s->capture->valid = false;
      spoils = true;
    }
  return spoils;
}

// Work of one GPU is queued while that GPU is the current one.
cudaError_t enqueue(
    cudaStream_t stream, std::function<void()> run,
    std::function<bool()> may_run = [] { return true; }) {
  if (stream->gpu != machine().current) return failed(cudaErrorInvalidResourceHandle);
  if (stream->capture) {
    stream->capture->work.push_back(std::move(run));
    return cudaSuccess;
  }
  if (!machine().computes) return cudaSuccess;
  stream->steps.push_back({std::move(may_run), std::move(run)});
  std::uniform_real_distribution<double> chance(0, 1);
  if (chance(machine().random) >= machine().eagerness) return cudaSuccess;
  const DeviceMemory::Access access(machine().memory);
  while (run_one() && chance(machine().random) < machine().eagerness) continue;
  return cudaSuccess;
}

// Whole pages are given back instead, which read as zeros and cost DeviceMemory::Access nothing.
void zero(void* to, size_t bytes) {
  constexpr uintptr_t kPage = 4096;
  auto* const begin = static_cast<std::byte*>(to);
  const auto address = reinterpret_cast<uintptr_t>(to);
  const size_t head = std::min<size_t>(bytes, (kPage - address % kPage) % kPage),
               pages = (bytes - head) / kPage * kPage;
  std::memset(begin, 0, head);
  if (pages > 0) madvise(begin + head, pages, MADV_DONTNEED);
  std::memset(begin + head + pages, 0, bytes - head - pages);
}

bool fails() { return machine().failing > 0 && --machine().failing == 0; }

}  // namespace

void reset(uint32_t seed, double eagerness) {
  machine().random.seed(seed);
  machine().eagerness = eagerness;
  machine().failing = 0;
  machine().gpus = 1;
  machine().current = 0;
  machine().status = machine().last = cudaSuccess;
  machine().computes = true;
  machine().memory.set_limit(size_t{1} << 30);
}

void launch(void* stream, void (*work)(void*), void* argument) {
  static_cast<cudaStream_t>(stream)->kernels.submit([=] { work(argument); });
}

int alive() {
  const Machine& m = machine();
  return static_cast<int>(m.streams.size() + m.events.size() + m.host_blocks.size() +
                          m.gpu_blocks.size()) +
         m.graphs_alive;
}

void fail_allocation(int number) { machine().failing = number; }
void set_gpus(int number) { machine().gpus = number; }
cudaError_t last_error() { return machine().last; }
void set_memory(size_t bytes) { machine().memory.set_limit(bytes); }
size_t used_memory() { return machine().memory.used(); }
void break_gpu(cudaError_t status) { machine().status = status; }
Calls calls() { return machine().calls; }
void compute_nothing() { machine().computes = false; }

Calls Calls::operator-(const Calls& earlier) const {
  return {kernels - earlier.kernels,       graphs - earlier.graphs,
          to_gpu - earlier.to_gpu,         on_gpu - earlier.on_gpu,
          from_gpu - earlier.from_gpu,     clears - earlier.clears,
          records - earlier.records,       stream_waits - earlier.stream_waits,
          host_waits - earlier.host_waits, allocations - earlier.allocations};
}

}  // namespace albert::testing::cuda_runtime

using namespace albert::testing::cuda_runtime;  // NOLINT: C's names below are its own

void CUstream_st::Kernels::submit(std::function<void()> work) {
  if (!stream.capture) ++machine().calls.kernels;
  const cudaError_t status = enqueue(&stream, [work = std::move(work)] {
    work();
    ++machine().kernels_run;
  });
  if (status != cudaSuccess) machine().status = status;
}

extern "C" {

cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  *count = machine().gpus;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* gpu, int) {
  *gpu = {};
  std::strcpy(gpu->name, "a fake");  // NOLINT: it fits
  gpu->major = 9;
  gpu->totalGlobalMem = static_cast<size_t>(machine().memory.limit());
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int gpu) {
  if (gpu < 0 || gpu >= machine().gpus) return failed(cudaErrorInvalidDevice);
  machine().current = gpu;
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int) {
  machine().streams.insert(*stream = new CUstream_st(machine().current));
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  ++machine().calls.host_waits;
  if (spoils_recording()) return failed(cudaErrorStreamCaptureUnsupported);
  return run_until([=] { return stream->steps.empty(); });
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {  // its work is done all the same
  cudaStreamSynchronize(stream);
  machine().streams.erase(stream);
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
  ++machine().calls.stream_waits;
  if (stream->capture && spoils_recording()) return failed(cudaErrorStreamCaptureIsolation);
  return enqueue(
      stream, [] {}, [done = event->done, wanted = event->recorded] { return *done >= wanted; });
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
  ++machine().calls.records;
  if (stream->capture && spoils_recording()) return failed(cudaErrorStreamCaptureUnsupported);
  return enqueue(stream,
                 [done = event->done, passed_at = event->passed_at, number = ++event->recorded] {
                   *done = number;
                   *passed_at = machine().kernels_run;
                 });
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  ++machine().calls.host_waits;
  if (spoils_recording()) return failed(cudaErrorStreamCaptureUnsupported);
  return run_until([=, wanted = event->recorded] { return *event->done >= wanted; });
}

// A kernel takes a millisecond, all else nothing.
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
  if (*from->done == 0 || *to->done == 0) return failed(cudaErrorNotReady);
  *milliseconds = static_cast<float>(*to->passed_at - *from->passed_at);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  Calls& calls = machine().calls;
  ++(kind == cudaMemcpyHostToDevice   ? calls.to_gpu
     : kind == cudaMemcpyDeviceToHost ? calls.from_gpu
                                      : calls.on_gpu);
  return enqueue(stream, [=] { std::memcpy(to, from, bytes); });
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  ++machine().calls.clears;
  return enqueue(stream, [=] {
    value == 0 ? zero(to, bytes) : static_cast<void>(std::memset(to, value, bytes));
  });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream->gpu != machine().current) return failed(cudaErrorInvalidResourceHandle);
  if (stream->capture) return failed(cudaErrorIllegalState);
  stream->capture = std::make_unique<CUgraph_st>();
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = nullptr;
  if (stream->gpu != machine().current) return failed(cudaErrorInvalidResourceHandle);
  const std::unique_ptr<CUgraph_st> captured = std::move(stream->capture);
  if (!captured) return failed(cudaErrorIllegalState);
  if (!captured->valid) return failed(cudaErrorStreamCaptureInvalidated);
  *graph = new CUgraph_st(*captured);
  ++machine().graphs_alive;
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  --machine().graphs_alive;
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  if (fails()) return failed(cudaErrorMemoryAllocation);
  *exec = new CUgraphExec_st{graph->work, machine().current};
  ++machine().graphs_alive;
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  ++machine().calls.graphs;
  if (exec->gpu != machine().current) return failed(cudaErrorInvalidResourceHandle);
  return enqueue(stream, [=] {
    for (const auto& work : exec->work) work();
  });
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  if (!exec) return failed(cudaErrorInvalidValue);
  --machine().graphs_alive;
  delete exec;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** block, size_t bytes) {
  ++machine().calls.allocations;
  if (spoils_recording()) return failed(cudaErrorStreamCaptureUnsupported);
  if (fails()) return failed(cudaErrorMemoryAllocation);
  try {
    const DeviceMemory::Access access(machine().memory);
    std::memset(*block = machine().memory.allocate(bytes), 0xa5, bytes);
  } catch (const albert::OutOfMemory&) {
    return failed(cudaErrorMemoryAllocation);
  }
  machine().gpu_blocks.insert(*block);
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** block, size_t bytes) {
  ++machine().calls.allocations;
  if (fails()) return failed(cudaErrorMemoryAllocation);
  std::memset(*block = std::malloc(bytes), 0xa5, bytes);
  machine().host_blocks.insert(*block);
  return cudaSuccess;
}
cudaError_t cudaFree(void* block) {
  if (spoils_recording()) return failed(cudaErrorStreamCaptureUnsupported);
  run_until(idle);
  machine().gpu_blocks.erase(block);
  machine().memory.release(block);
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* block) {
  machine().host_blocks.erase(block);
  std::free(block);
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *total = static_cast<size_t>(machine().memory.limit());
  *free = *total - machine().memory.used();
  return cudaSuccess;
}

cudaError_t cudaGetLastError() { return std::exchange(machine().last, cudaSuccess); }
const char* cudaGetErrorString(cudaError_t status) {
  return status == cudaErrorIllegalAddress ? "an illegal memory access was encountered"
                                           : "an error";
}

}  // extern "C"
