#include "kernels/backend_cuda.h"

#include <cuda_runtime_api.h>

#include <iomanip>
#include <sstream>

#include "kernels/cards.h"
#include "kernels/cuda_handles.h"
#include "kernels/cuda_library.h"
#include "kernels/cudnn_context.h"
#include "kernels/matmul_cublas.h"
#include "kernels/pinned_results.h"
#include "kernels/pinned_staging.h"
#include "kernels/profile.h"

namespace albert::kernels {
namespace {

// A step that was captured.
class CudaGraph final : public Recording {
 public:
  CudaGraph(cudaGraph_t graph, cudaStream_t stream) : stream_(stream) {
    const cudaError_t status = cudaGraphInstantiate(&graph_, graph, 0);
    cudaGraphDestroy(graph);
    check_cuda(status, "graph");
  }
  ~CudaGraph() override {
    cudaStreamSynchronize(stream_);  // the last replay may still run
    cudaGraphExecDestroy(graph_);
  }
  void replay() override { check_cuda(cudaGraphLaunch(graph_, stream_), "launch of a graph"); }

 private:
  cudaGraphExec_t graph_ = nullptr;
  cudaStream_t stream_;
};

std::string in_gib(size_t bytes) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(2) << static_cast<double>(bytes) / static_cast<double>(size_t{1} << 30)
      << " GiB";
  return out.str();
}

class CudaBackend final : public Backend {
 public:
  CudaBackend(const BackendOptions& options, Card card)
      : number_(options.card),
        card_(std::move(card)),
        library_("cuBLASLt", {"libcublasLt.so.13", "libcublasLt.so.12"}),
        queue_((select(), make_cuda_stream())),
        staging_(queue_.get()),
        results_(queue_.get()),
        cublas_(cublas_lt::functions_of(library_), cublas_options(options)) {
    if (options.attention == AttentionBackend::kCudnn) cudnn_ = make_cudnn_context(card_.major * 10 + card_.minor);
  }
  ~CudaBackend() override {
    cudaSetDevice(number_);
    cudaStreamSynchronize(queue_.get());
  }

  Stream stream() override {
    select();
    if (profile_) profile_->wait = [queue = queue_.get()] { cudaStreamSynchronize(queue); };  // an error stays
    return {.device = Device::kCuda,
            .cublas = &cublas_,
            .cudnn = cudnn_.get(),
            .profile = profile_,
            .observer = observer_,
            .queue = queue_.get()};
  }
  std::string description() const override {
    return "cuda:" + std::to_string(number_) + ", " + card_.name + ", " + memory_text();
  }
  int64_t card_memory() const override { return card_.memory; }
  size_t workspace_bytes() const override { return advised_workspace(card_.major); }

  void* allocate(size_t bytes) override;
  void release(void* block, size_t bytes) noexcept override;

  bool host_accessible() const override { return false; }
  void copy_to_device(void* device, const void* host, size_t bytes) override {
    select();
    staging_.copy(device, host, bytes);
  }
  void copy_to_host(void* host, const void* device, size_t bytes) override {
    select();
    check_cuda(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, queue_.get()), "copy from the card");
    synchronize();
  }
  std::unique_ptr<PendingCopy> start_copy_to_host(const void* device, size_t bytes) override {
    if (bytes > PinnedResults::kSlot) return Backend::start_copy_to_host(device, bytes);
    select();
    return results_.start(device, bytes);
  }
  void clear(void* device, size_t bytes) override {
    select();
    check_cuda(cudaMemsetAsync(device, 0, bytes, queue_.get()), "clearing memory");
  }
  void synchronize() override { check_cuda(cudaStreamSynchronize(queue_.get()), "a kernel"); }

  bool can_record() const override { return true; }
  void begin_recording() override {
    select();
    check_cuda(cudaStreamBeginCapture(queue_.get(), cudaStreamCaptureModeThreadLocal), "recording");
  }
  std::unique_ptr<Recording> end_recording() override {
    cudaGraph_t graph = nullptr;
    check_cuda(cudaStreamEndCapture(queue_.get(), &graph), "recording");
    return std::make_unique<CudaGraph>(graph, queue_.get());
  }

 private:
  // CUDA's current card is the thread's, and others may have chosen theirs.
  void select() const { check_cuda(cudaSetDevice(number_), "choosing a card"); }
  std::string memory_text() const {
    return std::to_string((card_.memory + (int64_t{1} << 29)) / (int64_t{1} << 30)) + " GiB";
  }
  CublasOptions cublas_options(const BackendOptions& options) const {
    const size_t version = cublas_lt::functions_of(library_).get_version();
    return {options.tf32, card_.name, cublas_choices_file(card_.name, version)};
  }

  int number_;
  Card card_;
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
    throw OutOfMemory("cuda:" + std::to_string(number_) + " cannot get " + in_gib(bytes) + " of memory, " +
                          in_gib(free) + " of " + in_gib(total) + " are free",
                      bytes, free);
  }
  check_cuda(status, "memory");
  clear(block, bytes);
  return block;
}

void CudaBackend::release(void* block, size_t) noexcept {
  if (!block) return;
  cudaSetDevice(number_);
  cudaFree(block);  // waits for the card
}

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(const BackendOptions& options) {
  CardFacts facts = find_cards();
  if (const std::string why = why_unusable(facts, options.card); !why.empty()) fail(ErrorCode::kNoDevice, why);
  return std::make_unique<CudaBackend>(options, facts.cards[static_cast<size_t>(options.card)]);
}

}  // namespace albert::kernels
