#include "kernels/backend_cuda.h"

#include <cuda_runtime_api.h>

#include <iomanip>
#include <sstream>

#include "kernels/cards.h"
#include "kernels/cuda_check.h"
#include "kernels/cuda_library.h"
#include "kernels/cudnn_context.h"
#include "kernels/matmul_cublas.h"
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
  ~CudaGraph() override { cudaGraphExecDestroy(graph_); }
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

// A stream with a lifetime. It does not wait for the default stream, nor that for it.
struct Queue {
  Queue() { check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream"); }
  ~Queue() { cudaStreamDestroy(stream); }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  cudaStream_t stream = nullptr;
};

// Memory of the card with a lifetime.
struct Workspace {
  explicit Workspace(size_t size) : bytes(size) { check_cuda(cudaMalloc(&data, size), "cuBLASLt's workspace"); }
  ~Workspace() { cudaFree(data); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  void* data = nullptr;
  size_t bytes;
};

// What cuBLASLt's larger tiles want: NVIDIA's advice for Hopper is twice that for Ampere.
size_t workspace_bytes(const Card& card) { return size_t{card.major >= 9 ? 64U : 32U} << 20; }

class CudaBackend final : public Backend {
 public:
  CudaBackend(const BackendOptions& options, Card card)
      : number_(options.card),
        card_(std::move(card)),
        library_("cuBLASLt", {"libcublasLt.so.13", "libcublasLt.so.12"}),
        queue_((select(), std::make_unique<Queue>())),
        staging_(queue_->stream),
        workspace_(workspace_bytes(card_)),
        cublas_(cublas_lt::functions_of(library_), cublas_options(options)) {
    if (options.attention == AttentionBackend::kCudnn) cudnn_ = make_cudnn_context(card_.major * 10 + card_.minor);
  }
  ~CudaBackend() override {
    cudaSetDevice(number_);
    cudaStreamSynchronize(queue_->stream);
  }

  Stream stream() override {
    select();
    if (profile_) profile_->wait = [queue = queue_->stream] { cudaStreamSynchronize(queue); };  // an error stays
    return {.device = Device::kCuda,
            .cublas = &cublas_,
            .cudnn = cudnn_.get(),
            .profile = profile_,
            .observer = observer_,
            .queue = queue_->stream};
  }
  std::string description() const override {
    return "cuda:" + std::to_string(number_) + ", " + card_.name + ", " + memory_text();
  }
  int64_t card_memory() const override { return card_.memory; }

  void* allocate(size_t bytes) override;
  void release(void* block, size_t bytes) noexcept override;

  bool host_accessible() const override { return false; }
  void copy_to_device(void* device, const void* host, size_t bytes) override {
    select();
    staging_.copy(device, host, bytes);
  }
  void copy_to_host(void* host, const void* device, size_t bytes) override {
    select();
    check_cuda(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, queue_->stream), "copy from the card");
    synchronize();
  }
  void clear(void* device, size_t bytes) override {
    select();
    check_cuda(cudaMemsetAsync(device, 0, bytes, queue_->stream), "clearing memory");
  }
  void synchronize() override { check_cuda(cudaStreamSynchronize(queue_->stream), "a kernel"); }

  bool can_record() const override { return true; }
  void begin_recording() override {
    select();
    check_cuda(cudaStreamBeginCapture(queue_->stream, cudaStreamCaptureModeThreadLocal), "recording");
  }
  std::unique_ptr<Recording> end_recording() override {
    cudaGraph_t graph = nullptr;
    check_cuda(cudaStreamEndCapture(queue_->stream, &graph), "recording");
    return std::make_unique<CudaGraph>(graph, queue_->stream);
  }

 private:
  // CUDA's current card is the thread's, and others may have chosen theirs.
  void select() const { check_cuda(cudaSetDevice(number_), "choosing a card"); }
  std::string memory_text() const {
    return std::to_string((card_.memory + (int64_t{1} << 29)) / (int64_t{1} << 30)) + " GiB";
  }
  CublasOptions cublas_options(const BackendOptions& options) const {
    const size_t version = cublas_lt::functions_of(library_).get_version();
    return {workspace_.data, workspace_.bytes, options.tf32, card_.name, cublas_choices_file(card_.name, version)};
  }

  int number_;
  Card card_;
  CudaLibrary library_;
  std::unique_ptr<Queue> queue_;
  PinnedStaging staging_;
  Workspace workspace_;
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
