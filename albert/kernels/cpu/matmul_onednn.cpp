#include "albert/kernels/cpu/matmul_onednn.h"

#include <dnnl_debug.h>
#include <omp.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <tuple>
#include <vector>

#include "albert/kernels/backend.h"
#include "albert/kernels/cpu/onednn.h"

namespace albert::kernels {
namespace {

using dnnl::memory;

constexpr int64_t kPackRows =
    64;  // the row count packed layouts are chosen for: a full block of linear_forward

memory::data_type type_of(DType t) {
  return t == DType::kBF16 ? memory::data_type::bf16 : memory::data_type::f32;
}

// oneDNN sizes its work by the calling thread's OpenMP setting; a task must see one thread.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

void append_activation(dnnl::post_ops& ops, Activation activation) {
  using cpu::append_eltwise, dnnl::algorithm;
  switch (activation) {
    case Activation::kIdentity: return;
    case Activation::kGeluNew: return append_eltwise(ops, algorithm::eltwise_gelu_tanh, 0);
    case Activation::kGelu: return append_eltwise(ops, algorithm::eltwise_gelu_erf, 0);
    case Activation::kRelu: return append_eltwise(ops, algorithm::eltwise_relu, 0);
    case Activation::kSilu: return append_eltwise(ops, algorithm::eltwise_swish, 1);
    case Activation::kTanh: return append_eltwise(ops, algorithm::eltwise_tanh, 0);
  }
}

struct Primitive {
  dnnl::matmul::primitive_desc description;
  dnnl::matmul primitive;
};

memory::desc row_major(int64_t rows, int64_t cols, int64_t stride, DType t) {
  return {{rows, cols}, type_of(t), memory::dims{stride, 1}};
}

dnnl::primitive_attr attributes(Activation activation, bool accumulate) {
  dnnl::post_ops ops;
  if (accumulate) ops.append_sum(1);
  append_activation(ops, activation);
  dnnl::primitive_attr attr;
  attr.set_post_ops(ops);
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);  // one primitive, many threads
  return attr;
}

Primitive make_linear(const dnnl::engine& engine, const LinearTask& t,
                      const memory::desc& weights) {
  const auto x = row_major(t.m, t.k, t.k, t.x_dtype);
  const auto y = row_major(t.m, t.n, t.n, t.y_dtype);
  const auto bias = row_major(1, t.n, t.n, t.x_dtype);
  const auto pd = cpu::plan_matmul(engine, x, weights, t.bias ? &bias : nullptr, y,
                                   attributes(t.activation, false));
  return {pd, dnnl::matmul(pd)};
}

// Every dimension and stride is given at run time: one primitive per combination of flags.
Primitive make_matmul_bf16(const dnnl::engine& engine, bool transpose_a, bool transpose_b,
                           bool accumulate, DType c) {
  constexpr auto kAny = DNNL_RUNTIME_DIM_VAL;
  const auto plain = memory::dims{kAny, 1}, transposed = memory::dims{1, kAny};
  const memory::desc a({kAny, kAny}, memory::data_type::bf16, transpose_a ? transposed : plain);
  const memory::desc b({kAny, kAny}, memory::data_type::bf16, transpose_b ? transposed : plain);
  const memory::desc y({kAny, kAny}, type_of(c), plain);
  const auto pd =
      cpu::plan_matmul(engine, a, b, nullptr, y, attributes(Activation::kIdentity, accumulate));
  return {pd, dnnl::matmul(pd)};
}

memory::desc operand(int64_t rows, int64_t cols, int64_t stride, bool transpose, DType t) {
  return {{rows, cols}, type_of(t), transpose ? memory::dims{1, stride} : memory::dims{stride, 1}};
}

}  // namespace

struct OneDnnContext::Scratch::Block {
  ~Block() { std::free(data); }
  void* data = nullptr;
  size_t bytes = 0;
};

struct OneDnnContext::State {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  bool native_bf16 = (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) ==
                     dnnl_cpu_isa_avx512_core_bf16;

  std::shared_mutex mutex;
  std::map<std::tuple<int64_t, int64_t, DType>, memory::desc>
      layouts;  // of packed weights, by n, k, dtype
  std::map<LinearTask, Primitive> linear;
  std::map<std::tuple<bool, bool, bool, DType>, Primitive> matmul;

  std::mutex scratch_mutex;
  std::vector<std::unique_ptr<Scratch::Block>> scratch;

  // Finds or makes; map nodes never move, so the reference outlives the lock.
  template <class Map, class Make>
  const typename Map::mapped_type& find_or_make(Map& map, const typename Map::key_type& key,
                                                const Make& make) {
    {
      const std::shared_lock lock(mutex);
      if (const auto at = map.find(key); at != map.end()) return at->second;
    }
    auto made = make();
    const std::unique_lock lock(mutex);
    return map.emplace(key, std::move(made)).first->second;
  }

  const memory::desc& layout(int64_t n, int64_t k, DType dtype) {
    return find_or_make(layouts, {n, k, dtype}, [&] {
      const OneThread one_thread;
      const LinearTask task{kPackRows, n, k, dtype, dtype, false, Activation::kIdentity};
      const memory::desc any({k, n}, type_of(dtype), memory::format_tag::any);
      return make_linear(engine, task, any).description.weights_desc();
    });
  }

  const Primitive& linear_primitive(const LinearTask& task) {
    const auto& weights = layout(task.n, task.k, task.x_dtype);
    return find_or_make(linear, task, [&] { return make_linear(engine, task, weights); });
  }
};

OneDnnContext::OneDnnContext() : state_(std::make_unique<State>()) {}
OneDnnContext::~OneDnnContext() = default;

bool OneDnnContext::native_bf16() const { return state_->native_bf16; }

// The kernels that AVX-512 has keep one sum per element; the older take the rows beyond sixes
// otherwise.
int64_t OneDnnContext::invariant_row_multiple() const {
  return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core ? 1
                                                                                               : 6;
}

size_t OneDnnContext::packed_bytes(int64_t n, int64_t k, DType dtype) {
  return state_->layout(n, k, dtype).get_size();
}

void OneDnnContext::pack(void* packed, const void* w, int64_t n, int64_t k, DType dtype) {
  const OneThread one_thread;
  const memory from(operand(k, n, k, true, dtype), state_->engine, const_cast<void*>(w));
  const memory to(state_->layout(n, k, dtype), state_->engine, packed);
  dnnl::reorder(from, to).execute(state_->stream, const_cast<memory&>(from),
                                  const_cast<memory&>(to));
}

void OneDnnContext::linear(const LinearTask& task, void* y, const void* x, const void* packed,
                           const void* bias) {
  const OneThread one_thread;
  State& s = *state_;
  const Primitive& p = s.linear_primitive(task);
  const Scratch scratchpad(*this, p.description.scratchpad_desc().get_size());
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, {p.description.src_desc(), s.engine, const_cast<void*>(x)}},
      {DNNL_ARG_WEIGHTS, {p.description.weights_desc(), s.engine, const_cast<void*>(packed)}},
      {DNNL_ARG_DST, {p.description.dst_desc(), s.engine, y}},
      {DNNL_ARG_SCRATCHPAD, {p.description.scratchpad_desc(), s.engine, scratchpad.data()}}};
  if (task.bias)
    arguments.emplace(DNNL_ARG_BIAS,
                      memory(p.description.bias_desc(), s.engine, const_cast<void*>(bias)));
  p.primitive.execute(s.stream, arguments);
}

std::string OneDnnContext::linear_implementation(const LinearTask& task) {
  const OneThread one_thread;
  return state_->linear_primitive(task).description.impl_info_str();
}

void OneDnnContext::matmul_f32(const MatmulTask& t, float* c, const float* a, const float* b) {
  const OneThread one_thread;
  const auto status =
      dnnl_sgemm(t.transpose_a ? 'T' : 'N', t.transpose_b ? 'T' : 'N', t.m, t.n, t.k, 1.0F, a,
                 t.a_stride, b, t.b_stride, t.accumulate ? 1.0F : 0.0F, c, t.c_stride);
  ALBERT_CHECK(status == dnnl_success, "dnnl_sgemm: ", dnnl_status2str(status));
}

void OneDnnContext::matmul_bf16(const MatmulTask& t, void* c, DType c_dtype, const void* a,
                                const void* b) {
  const OneThread one_thread;
  State& s = *state_;
  const Primitive& p =
      s.find_or_make(s.matmul, {t.transpose_a, t.transpose_b, t.accumulate, c_dtype}, [&] {
        return make_matmul_bf16(s.engine, t.transpose_a, t.transpose_b, t.accumulate, c_dtype);
      });
  const Scratch scratchpad(*this, p.description.scratchpad_desc().get_size());
  p.primitive.execute(
      s.stream,
      {{DNNL_ARG_SRC,
        {operand(t.m, t.k, t.a_stride, t.transpose_a, DType::kBF16), s.engine,
         const_cast<void*>(a)}},
       {DNNL_ARG_WEIGHTS,
        {operand(t.k, t.n, t.b_stride, t.transpose_b, DType::kBF16), s.engine,
         const_cast<void*>(b)}},
       {DNNL_ARG_DST, {operand(t.m, t.n, t.c_stride, false, c_dtype), s.engine, c}},
       {DNNL_ARG_SCRATCHPAD, {p.description.scratchpad_desc(), s.engine, scratchpad.data()}}});
}

OneDnnContext::Scratch::Scratch(OneDnnContext& context, size_t bytes) : context_(context) {
  {
    const std::lock_guard lock(context.state_->scratch_mutex);
    auto& free_blocks = context.state_->scratch;
    if (!free_blocks.empty()) {
      block_ = std::move(free_blocks.back());
      free_blocks.pop_back();
    }
  }
  if (!block_) block_ = std::make_unique<Block>();
  if (block_->bytes < bytes) {
    std::free(block_->data);
    block_->bytes = (bytes + 4095) / 4096 * 4096;
    block_->data = std::aligned_alloc(4096, block_->bytes);
    if (!block_->data) throw std::bad_alloc();
  }
  data_ = block_->data;
}

OneDnnContext::Scratch::~Scratch() {
  const std::lock_guard lock(context_.state_->scratch_mutex);
  context_.state_->scratch.push_back(std::move(block_));
}

void OneDnnContextDeleter::operator()(OneDnnContext* context) const noexcept { delete context; }
OneDnnContextPtr make_onednn_context() { return OneDnnContextPtr(new OneDnnContext); }

std::string matmul_library() {
  const auto* v = dnnl_version();
  std::ostringstream out;
  out << "oneDNN " << v->major << '.' << v->minor << '.' << v->patch << ", "
      << dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa());
  return out.str();
}

}  // namespace albert::kernels
