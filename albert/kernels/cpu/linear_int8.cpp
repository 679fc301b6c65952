// Matmuls with int8 weights, in blocks that follow from the shapes alone: rows of x are quantized
// once, then tasks of rows and columns are multiplied. The activation of a task is applied while
// its results are in the cache.
#include "albert/kernels/linear_int8.h"

#include <algorithm>

#include "albert/kernels/cpu/gemm_int8.h"
#include "albert/kernels/cpu/matmul_tasks.h"

namespace albert::kernels::cpu {
namespace {

constexpr int64_t kTaskRows = 72, kTaskColumns = 256;  // multiples of every kernel's block
constexpr int64_t kQuantizedAtOnce = 8;                // rows of a task that quantizes
// A row has fewer extras than k / kInt8Clip^2, by Chebyshev's inequality; one more is for rounding.
constexpr int64_t kExtraShare = 20;
static_assert(kTaskColumns % kInt8Columns == 0);

Int8Gemm gemm_of(const Stream& s) {
#if defined(__x86_64__)
  if (s.isa == Isa::kAvx512) return s.vnni ? avx512_vnni::int8_gemm() : avx512::int8_gemm();
  if (s.isa == Isa::kAvx2) return s.vnni ? avx2_vnni::int8_gemm() : avx2::int8_gemm();
#endif
  return generic::int8_gemm();
}

// Lays arrays out in a block of memory, or without one measures it.
class Pieces {
 public:
  explicit Pieces(void* block) : block_(static_cast<std::byte*>(block)) {}
  template <class T>
  T* take(int64_t n) {
    T* piece = block_ ? reinterpret_cast<T*>(block_ + bytes_) : nullptr;
    bytes_ += aligned(static_cast<size_t>(n) * sizeof(T));
    return piece;
  }
  size_t bytes() const { return bytes_; }

 private:
  std::byte* block_;
  size_t bytes_ = 0;
};

Int8Weights weights_in(void* quantized, int64_t out) {
  const int64_t columns = round_up(out, kInt8Columns);
  auto* scales = static_cast<float*>(quantized);
  auto* sums = reinterpret_cast<int32_t*>(scales + columns);
  return {reinterpret_cast<int8_t*>(sums + columns), scales, sums};
}

Int8Rows rows_in(Pieces& pieces, int64_t rows, int64_t k, int64_t group) {
  Int8Rows x{.group = group, .groups = round_up(k, 4) / group, .capacity = k / kExtraShare + 1};
  x.words = pieces.take<int32_t>(rows * x.groups);
  x.scales = pieces.take<float>(rows);
  x.zeros = pieces.take<int32_t>(rows);
  x.extra_counts = pieces.take<int32_t>(rows);
  x.extras = pieces.take<Int8Extra>(rows * x.capacity);
  return x;
}

Int8Weights from_column(const Int8Weights& w, int64_t column, int64_t k) {
  return {w.values + column * round_up(k, 4), w.scales + column, w.sums + column};
}

void activate(const Stream& s, const Int8Task& task, Activation activation) {
  if (activation == Activation::kIdentity) return;
  const Stream one_thread{.isa = s.isa};
  for (int64_t r = 0; r < task.rows; ++r) {
    const Tensor row{task.y + r * task.y_stride, {1, task.cols}, DType::kF32};
    ALBERT_CALL_CPU(bias_activation_forward, one_thread, row, row, Tensor(), activation);
  }
}

// Quantizes kInt8Columns rows of the weight, which are columns of y, or the last.
void quantize_columns(const Stream& s, const Int8Weights& to, const float* weight, int64_t cols,
                      int64_t k) {
  const OneDnnContext::Scratch scratch(*s.matmul, static_cast<size_t>(cols * k));
  auto* values = static_cast<int8_t*>(scratch.data());
  std::fill_n(to.scales, kInt8Columns, 0.0F);
  std::fill_n(to.sums, kInt8Columns, 0);
  for (int64_t c = 0; c < cols; ++c) {
    int8_t* q = values + c * k;
    to.scales[c] = ALBERT_CALL_CPU(int8_quantize_weight, s, q, weight + c * k, k);
    for (int64_t i = 0; i < k; ++i) to.sums[c] += q[i];
  }
  gemm_of(s).pack(to.values, values, cols, k);
}

}  // namespace

size_t int8_bytes(Shape weight) {
  constexpr size_t kColumnBytes = sizeof(float) + sizeof(int32_t);  // a scale and a sum
  if (weight[1] > kInt8MaxDepth) return 0;
  const auto columns = static_cast<size_t>(round_up(weight[0], kInt8Columns));
  return columns * (static_cast<size_t>(round_up(weight[1], 4)) + kColumnBytes);
}

void int8_quantize(Stream s, Tensor quantized, Tensor weight) {
  const int64_t out = weight.shape[0], k = weight.shape[1];
  const Int8Weights to = weights_in(quantized.data, out);
  const auto* from = static_cast<const float*>(weight.data);
  parallel_for(s, blocks_of(out, kInt8Columns), [&](int64_t i) {
    const int64_t column = i * kInt8Columns;
    quantize_columns(s, from_column(to, column, k), from + column * k,
                     std::min(kInt8Columns, out - column), k);
  });
}

void linear_int8(Stream s, Tensor y, Tensor x, Tensor quantized, Tensor bias,
                 Activation activation) {
  const int64_t rows = x.shape[0], k = x.shape[1], out = y.shape[1];
  const Int8Gemm gemm = gemm_of(s);
  const Int8Weights weights = weights_in(quantized.data, out);
  Pieces measured(nullptr);
  rows_in(measured, rows, k, gemm.group);
  const OneDnnContext::Scratch scratch(*s.matmul, measured.bytes());
  Pieces pieces(scratch.data());
  const Int8Rows q = rows_in(pieces, rows, k, gemm.group);
  const auto* from = static_cast<const float*>(x.data);
  parallel_for(s, blocks_of(rows, kQuantizedAtOnce), [&](int64_t i) {
    const int64_t row = i * kQuantizedAtOnce, n = std::min(kQuantizedAtOnce, rows - row);
    ALBERT_CALL_CPU(int8_quantize_rows, s, q.from(row), from + row * k, n, k);
  });
  const int64_t blocks = blocks_of(out, kTaskColumns);
  parallel_for(s, blocks_of(rows, kTaskRows) * blocks, [&](int64_t i) {
    const int64_t row = i / blocks * kTaskRows, column = i % blocks * kTaskColumns;
    const Int8Task task{q.from(row),
                        from_column(weights, column, k),
                        bias ? static_cast<const float*>(bias.data) + column : nullptr,
                        static_cast<float*>(y.data) + row * out + column,
                        out,
                        std::min(kTaskRows, rows - row),
                        std::min(kTaskColumns, out - column)};
    gemm.multiply(task);
    activate(s, task, activation);
  });
}

}  // namespace albert::kernels::cpu
