#include "albert/kernels/cuda/runtime/backend.h"

#include <cuda_runtime_api.h>

#include <functional>
#include <iomanip>
#include <sstream>

#include "albert/kernels/cuda/cublas/context.h"
#include "albert/kernels/cuda/cudnn/context.h"
#include "albert/kernels/cuda/runtime/event_clock.h"
#include "albert/kernels/cuda/runtime/handles.h"
#include "albert/kernels/cuda/runtime/library.h"
#include "albert/kernels/cuda/runtime/pinned_results.h"
#include "albert/kernels/cuda/runtime/pinned_staging.h"
#include "albert/kernels/gpus.h"

namespace albert::kernels {
namespace {

// CUDA's current GPU belongs to the thread, and other code may have changed it.
void select_gpu(int number) { check_cuda(cudaSetDevice(number), "choosing a GPU"); }

// A captured step as a CUDA graph of one GPU, the current one when it is made.
class CudaGraph final : public CapturedStep {
 public:
  // `kept` lives as long as the graph, which refers to its kernels.
  CudaGraph(cudaGraph_t graph, int gpu, cudaStream_t stream, std::shared_ptr<const void> kept)
      : gpu_(gpu), stream_(stream), kept_(std::move(kept)) {
    const cudaError_t status = cudaGraphInstantiate(&graph_, graph, 0);
    cudaGraphDestroy(graph);
    check_cuda(status, "graph");
  }
  ~CudaGraph() override {
    cudaSetDevice(gpu_);
    cudaStreamSynchronize(stream_);  // the last replay may still be running
    cudaGraphExecDestroy(graph_);
  }
  void replay() override {
    select_gpu(gpu_);
    check_cuda(cudaGraphLaunch(graph_, stream_), "launch of a graph");
  }

 private:
  cudaGraphExec_t graph_ = nullptr;
  int gpu_;
  cudaStream_t stream_;
  std::shared_ptr<const void> kept_;
};

// Null where the GPU has no so much memory left.
std::shared_ptr<void> try_to_allocate(size_t bytes) {
  void* memory = nullptr;
  if (!succeeded(cudaMalloc(&memory, bytes))) return nullptr;
  return {memory, cudaFree};
}

std::string in_gib(size_t bytes) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(2)
      << static_cast<double>(bytes) / static_cast<double>(size_t{1} << 30) << " GiB";
  return out.str();
}

class CudaBackend final : public Backend {
 public:
  CudaBackend(const BackendOptions& options, Gpu gpu)
      : number_(options.gpu),
        gpu_(std::move(gpu)),
        library_("cuBLASLt", {"libcublasLt.so.13", "libcublasLt.so.12"}),
        queue_((select(), make_cuda_stream())),
        staging_(queue_.get()),
        results_(queue_.get()),
        cublas_(cublas_lt::functions_of(library_), cublas_options(options)) {
    if (options.attention == AttentionBackend::kCudnn)
      cudnn_ = make_cudnn_context(gpu_.major * 10 + gpu_.minor);
  }
  ~CudaBackend() override {
    cudaSetDevice(number_);
    cudaStreamSynchronize(queue_.get());
  }

  Stream stream() override {
    select();
    if (profile_ && !profile_->clock) profile_->clock = std::make_unique<EventClock>(queue_.get());
    return {.device = Device::kCuda,
            .cublas = &cublas_,
            .cudnn = cudnn_.get(),
            .profile = profile_,
            .observer = observer_,
            .queue = queue_.get()};
  }
  std::string description() const override {
    return "cuda:" + std::to_string(number_) + ", " + gpu_.name + ", " + memory_text();
  }
  int64_t gpu_memory() const override { return gpu_.memory; }
  size_t workspace_bytes() const override { return advised_workspace(gpu_.major); }

  void* allocate(size_t bytes) override;
  void release(void* block, size_t bytes) noexcept override;

  bool host_accessible() const override { return false; }
  void copy_to_device(void* device, const void* host, size_t bytes) override {
    select();
    staging_.copy(device, host, bytes);
  }
  void copy_to_host(void* host, const void* device, size_t bytes) override {
    select();
    results_.copy(host, device, bytes);
  }
  std::unique_ptr<PendingCopy> start_copy_to_host(const void* device, size_t bytes) override {
    if (bytes > PinnedResults::kMost) return Backend::start_copy_to_host(device, bytes);
    select();
    return results_.start(device, bytes);
  }
  void clear(void* device, size_t bytes) override {
    select();
    check_cuda(cudaMemsetAsync(device, 0, bytes, queue_.get()), "clearing memory");
  }
  void synchronize() override {
    select();
    check_cuda(cudaStreamSynchronize(queue_.get()), "a kernel");
  }

  bool can_capture() const override { return true; }
  void begin_capture() override {
    select();
    check_cuda(cudaStreamBeginCapture(queue_.get(), cudaStreamCaptureModeThreadLocal), "capture");
    if (cudnn_) cudnn_->begin_capture();
  }
  std::unique_ptr<CapturedStep> end_capture() override {
    select();
    std::shared_ptr<const void> kept = cudnn_ ? cudnn_->end_capture() : nullptr;
    cudaGraph_t graph = nullptr;
    check_cuda(cudaStreamEndCapture(queue_.get(), &graph), "capture");
    return std::make_unique<CudaGraph>(graph, number_, queue_.get(), std::move(kept));
  }

 private:
  void select() const { select_gpu(number_); }
  std::string memory_text() const {
    return std::to_string((gpu_.memory + (int64_t{1} << 29)) / (int64_t{1} << 30)) + " GiB";
  }
  CublasOptions cublas_options(const BackendOptions& options) const {
    const size_t version = cublas_lt::functions_of(library_).get_version();
    CublasOptions made{options.tf32, gpu_.name, cublas_choices_file(gpu_.name, version)};
    if (options.tune_matmuls)
      made.tuning = {[this](const auto& work) { return seconds_of(work); }, try_to_allocate};
    return made;
  }
  double seconds_of(const std::function<void()>& work) const {
    EventClock clock(queue_.get());
    const size_t begin = clock.mark();
    work();
    return clock.seconds_between(begin, clock.mark());
  }

  int number_;
  Gpu gpu_;
  CudaLibrary library_;
  CudaStream queue_;
  PinnedStaging staging_;
  PinnedResults results_;
  CublasContext cublas_;
  std::unique_ptr<CudnnContext> cudnn_;
};

void* CudaBackend::allocate(size_t bytes) {
  if (bytes == 0) return nullptr;
  select();
  void* block = nullptr;
  const cudaError_t status = cudaMalloc(&block, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw OutOfMemory("cuda:" + std::to_string(number_) + " cannot get " + in_gib(bytes) +
                          " of memory, " + in_gib(free) + " of " + in_gib(total) + " are free",
                      bytes, free);
  }
  check_cuda(status, "memory");
  clear(block, bytes);
  return block;
}

void CudaBackend::release(void* block, size_t) noexcept {
  if (!block) return;
  cudaSetDevice(number_);
  cudaFree(block);  // waits for the GPU
}

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(const BackendOptions& options) {
  GpuFacts facts = find_gpus();
  if (const std::string why = why_unusable(facts, options.gpu); !why.empty())
    fail(ErrorCode::kNoDevice, why);
  return std::make_unique<CudaBackend>(options, facts.gpus[static_cast<size_t>(options.gpu)]);
}

}  // namespace albert::kernels
