#include "albert/kernels/cuda/cudnn/graphs.h"

#include <cudnn_frontend.h>
#include <dlfcn.h>

#include <cmath>
#include <unordered_map>

#include "albert/kernels/cuda/cudnn/graph_cache.h"
#include "albert/kernels/cuda/runtime/library.h"

// The frontend calls cuDNN through this handle.
namespace cudnn_frontend {
void* cudnn_dlhandle = nullptr;
}

namespace albert::kernels {
namespace {

namespace fe = cudnn_frontend;
using fe::graph::Graph;
using fe::graph::Tensor_attributes;
using TensorPointer = std::shared_ptr<Tensor_attributes>;

// Opens the library and those that it opens by name when it compiles kernels. They are never
// closed, because the frontend keeps the addresses of their functions.
class Cudnn {
 public:
  Cudnn()
      : compiler_("NVRTC", {"libnvrtc.so.13", "libnvrtc.so.12"}),
        library_("cuDNN", {"libcudnn.so.9"}) {
    fe::cudnn_dlhandle = dlopen(library_.path().c_str(), RTLD_NOW | RTLD_NODELETE);
  }
  std::string version() const { return library_version_text(fe::detail::get_backend_version()); }

 private:
  CudaLibrary compiler_, library_;
};

void check(fe::error_t error, const char* what) {
  if (error.is_bad()) fail(ErrorCode::kNoDevice, "cuDNN: ", what, ": ", error.get_message());
}

// Builds the graph of one problem: its tensors and its one operation.
class Builder {
 public:
  Builder(const CudnnProblem& problem, int compute_capability)
      : p_(problem), graph_(std::make_shared<Graph>()) {
    graph_->set_sm_version(compute_capability);  // otherwise its operations ask CUDA's
                                                 // runtime, and may find another one
    graph_
        ->set_io_data_type(p_.dtype == DType::kF16 ? fe::DataType_t::HALF
                                                   : fe::DataType_t::BFLOAT16)
        .set_intermediate_data_type(fe::DataType_t::FLOAT)
        .set_compute_data_type(fe::DataType_t::FLOAT);
    offsets_q_ = indices(CudnnTensor::kOffsetsQ, p_.sequences + 1);
    offsets_k_ = indices(CudnnTensor::kOffsetsK, p_.sequences + 1);
    offsets_v_ = indices(CudnnTensor::kOffsetsV, p_.sequences + 1);
    offsets_out_ = indices(CudnnTensor::kOffsetsOut, p_.sequences + 1);
    offsets_statistics_ = indices(CudnnTensor::kOffsetsStatistics, p_.sequences + 1);
    lengths_q_ = indices(CudnnTensor::kLengthsQ, p_.sequences);
    lengths_k_ = indices(CudnnTensor::kLengthsK, p_.sequences);
    q_ = graph_->tensor(heads(CudnnTensor::kQ, p_.longest, p_.q_stride, offsets_q_));
    k_ = graph_->tensor(heads(CudnnTensor::kK, p_.longest, p_.k_stride, offsets_k_));
    v_ = graph_->tensor(heads(CudnnTensor::kV, p_.longest, p_.v_stride, offsets_v_));
  }

  std::shared_ptr<Graph> build() {
    p_.backward ? backward() : forward();
    return graph_;
  }

 private:
  TensorPointer indices(CudnnTensor which, int64_t n) {
    return graph_->tensor(named(which)
                              .set_dim({n, 1, 1, 1})
                              .set_stride({1, 1, 1, 1})
                              .set_data_type(fe::DataType_t::INT32));
  }
  static Tensor_attributes named(CudnnTensor which) {
    const auto id = static_cast<int64_t>(which) + 1;
    return Tensor_attributes().set_uid(id).set_name("tensor " + std::to_string(id));
  }
  // [sequences, heads, rows, head_size]; each sequence begins at its offset.
  Tensor_attributes heads(CudnnTensor which, int64_t rows, int64_t stride,
                          const TensorPointer& offsets) const {
    return named(which)
        .set_dim({p_.sequences, p_.heads, rows, p_.head_size})
        .set_stride({rows * stride, p_.head_size, stride, 1})
        .set_ragged_offset(offsets);
  }
  Tensor_attributes output_heads(CudnnTensor which) const {
    return heads(which, p_.longest, p_.heads * p_.head_size, offsets_out_);
  }
  Tensor_attributes statistics() const {
    return named(CudnnTensor::kStatistics)
        .set_data_type(fe::DataType_t::FLOAT)
        .set_dim({p_.sequences, p_.heads, p_.longest, 1})
        .set_stride({p_.longest * p_.heads, 1, p_.heads, 1})
        .set_ragged_offset(offsets_statistics_);
  }
  float scale() const {
    return static_cast<float>(1 / std::sqrt(static_cast<double>(p_.head_size)));
  }

  void forward() {
    auto [out, statistics_out] = graph_->sdpa(q_, k_, v_,
                                              fe::graph::SDPA_attributes()
                                                  .set_name("attention")
                                                  .set_generate_stats(true)
                                                  .set_attn_scale(scale())
                                                  .set_padding_mask(true)
                                                  .set_seq_len_q(lengths_q_)
                                                  .set_seq_len_kv(lengths_k_));
    *out = output_heads(CudnnTensor::kOut).set_output(true);
    *statistics_out = statistics().set_output(true);
  }

  void backward() {
    const auto out = graph_->tensor(output_heads(CudnnTensor::kOut)),
               dout = graph_->tensor(output_heads(CudnnTensor::kDOut)),
               kept = graph_->tensor(statistics());
    auto [dq, dk, dv] = graph_->sdpa_backward(q_, k_, v_, out, dout, kept,
                                              fe::graph::SDPA_backward_attributes()
                                                  .set_name("attention")
                                                  .set_attn_scale(scale())
                                                  .set_padding_mask(true)
                                                  .set_seq_len_q(lengths_q_)
                                                  .set_seq_len_kv(lengths_k_)
                                                  .set_max_total_seq_len_q(p_.rows_q)
                                                  .set_max_total_seq_len_kv(p_.rows_k)
                                                  .set_deterministic_algorithm(true));
    *dq = heads(CudnnTensor::kDQ, p_.longest, p_.q_stride, offsets_q_).set_output(true);
    *dk = heads(CudnnTensor::kDK, p_.longest, p_.k_stride, offsets_k_).set_output(true);
    *dv = heads(CudnnTensor::kDV, p_.longest, p_.v_stride, offsets_v_).set_output(true);
  }

  CudnnProblem p_;
  std::shared_ptr<Graph> graph_;
  TensorPointer offsets_q_, offsets_k_, offsets_v_, offsets_out_, offsets_statistics_, lengths_q_,
      lengths_k_;
  TensorPointer q_, k_, v_;
};

class CudnnGraphs final : public CudnnContext {
 public:
  explicit CudnnGraphs(int compute_capability)
      : compute_capability_(compute_capability),
        graphs_([this] { cudaStreamSynchronize(static_cast<cudaStream_t>(queue_)); }) {
    if (fe::detail::create_handle(&handle_) != CUDNN_STATUS_SUCCESS)
      fail(ErrorCode::kNoDevice, "cuDNN ", cudnn_.version(),
           " does not start on this GPU; use --attention own");
  }
  ~CudnnGraphs() override {
    graphs_.clear();
    fe::detail::destroy_handle(handle_);
  }

  size_t workspace_bytes(const CudnnProblem& problem) override {
    return static_cast<size_t>(graph_of(problem)->get_workspace_size());
  }

  void run(const CudnnProblem& problem, const CudnnOperands& operands, void* workspace,
           void* queue) override {
    if (fe::detail::set_stream(handle_, static_cast<cudaStream_t>(queue)) != CUDNN_STATUS_SUCCESS)
      fail(ErrorCode::kInternal, "cuDNN: no stream");
    queue_ = queue;
    std::unordered_map<int64_t, void*> places;
    for (size_t i = 0; i < kCudnnTensors; ++i)
      if (void* at = operands[static_cast<CudnnTensor>(i)])
        places.emplace(static_cast<int64_t>(i) + 1, at);
    const auto graph = graph_of(problem);
    graphs_.used(graph);
    check(graph->execute(handle_, places, workspace), "attention");
  }

  void begin_capture() override { graphs_.begin_capture(); }
  std::shared_ptr<const void> end_capture() override { return graphs_.end_capture(); }

 private:
  std::shared_ptr<Graph> graph_of(const CudnnProblem& problem) {
    return graphs_.get(problem, [&] {
      auto graph = Builder(problem, compute_capability_).build();
      check(graph->build(handle_, {fe::HeurMode_t::A}),
            "this attention is not offered, use --attention own");
      return graph;
    });
  }

  Cudnn cudnn_;
  int compute_capability_;
  cudnnHandle_t handle_ = nullptr;
  void* queue_ = nullptr;  // the stream of the last run
  GraphCache<Graph> graphs_;
};

}  // namespace

std::unique_ptr<CudnnContext> make_cudnn_context(int compute_capability) {
  return std::make_unique<CudnnGraphs>(compute_capability);
}

std::string why_not_offered(const CudnnProblem& problem, int compute_capability,
                            const std::string& gpu) {
  const Cudnn cudnn;
  const auto properties = std::make_shared<fe::DeviceProperties>();
  fe::error_t error = properties->deserialize({gpu.begin(), gpu.end()});
  const auto graph = Builder(problem, compute_capability).build();
  graph->set_device_properties(properties);
  if (error.is_good()) error = graph->validate();
  if (error.is_good()) error = graph->build_operation_graph();
  if (error.is_good()) error = graph->create_execution_plans({fe::HeurMode_t::A});
  if (error.is_good()) error = graph->check_support();
  return error.is_good() ? "" : error.get_message();
}

}  // namespace albert::kernels
