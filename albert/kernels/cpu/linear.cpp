// Matmuls with packed weights, in blocks that follow from the shapes alone. The activation of a
// block is applied while the block is in the cache.
//
//   f32 with AVX2                    linear_own: our own kernel
//   f32 elsewhere                    linear_rows: oneDNN
//   bf16 where the ISA multiplies it linear_rows: oneDNN
//   bf16 elsewhere                   linear_block_widened, then as f32
#include "albert/kernels/cpu/matmul_tasks.h"

namespace albert::kernels::cpu {
namespace {

// A task of oneDNN has so many rows, rounded up to a multiple of invariant_row_multiple(); one of
// our own kernel has at most kOwnRows.
constexpr int64_t kLinearRows = 64, kOwnRows = 72;
constexpr int64_t kLinearCols = 768;  // columns of a task of either

void narrow(void* to, int64_t to_stride, const float* from, int64_t from_stride, int64_t rows,
            int64_t cols) {
  auto* destination = static_cast<BFloat16*>(to);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c)
      destination[r * to_stride + c] = BFloat16(from[r * from_stride + c]);
}

struct PackedBlocks {
  int64_t n, k;
  DType dtype;
  size_t full_bytes;
  int64_t count() const { return blocks_of(n, kLinearCols); }
  int64_t cols(int64_t block) const { return std::min(kLinearCols, n - block * kLinearCols); }
  size_t offset(int64_t block) const { return static_cast<size_t>(block) * full_bytes; }
};

PackedBlocks packed_blocks(const Stream& s, Shape weight, DType dtype) {
  const DType held = packed_dtype(s, dtype);
  const int64_t n = weight[0], k = weight[1];
  const int64_t cols = std::min(n, kLinearCols);
  const size_t bytes = uses_own_gemm(s, dtype)
                           ? static_cast<size_t>(gemm_packed_size(cols, k)) * sizeof(float)
                           : s.matmul->packed_bytes(cols, k, held);
  return {n, k, held, aligned(bytes)};
}

// Blocks for our own kernel have equal heights, in whole slivers.
int64_t rows_per_linear_task(const Stream& s, int64_t rows, DType dtype) {
  if (!uses_own_gemm(s, dtype)) return round_up(kLinearRows, s.matmul->invariant_row_multiple());
  return round_up(blocks_of(rows, blocks_of(rows, kOwnRows)), kGemmSliver);
}

// Packs w [n, k], whose dtype is the one it will be multiplied in.
void pack_block(const Stream& s, void* packed, const void* w, int64_t n, int64_t k, DType dtype) {
  if (!uses_own_gemm(s, dtype)) return s.matmul->pack(packed, w, n, k, dtype);
  const MatmulTask task{0, n, k, k, k, n, false, true, false};
  ALBERT_CALL_CPU(gemm_pack, s, static_cast<float*>(packed), static_cast<const float*>(w), task);
}

// Applies the activation to y by our own loops: oneDNN's f32 post-op takes twice as long.
void activate(const Stream& s, Tensor y, Activation activation) {
  const Stream one_thread{.isa = s.isa};
  ALBERT_CALL_CPU(bias_activation_forward, one_thread, y, y, Tensor(), activation);
}

// One call of oneDNN and the activation after it. y [task.m, n] is contiguous.
void linear_call(const Stream& s, LinearTask task, void* y, const void* x, const void* packed,
                 const void* bias) {
  const Activation activation = task.activation;
  const bool own = task.y_dtype == DType::kF32 && activation != Activation::kIdentity;
  if (own) task.activation = Activation::kIdentity;
  s.matmul->linear(task, y, x, packed, bias);
  if (own) activate(s, {y, {task.m, task.n}, task.y_dtype}, activation);
}

// Computes y [rows, n], contiguous, by numbers of rows that are powers of two, so that ragged
// batches reuse a handful of generated kernels.
void linear_powers(const Stream& s, LinearTask task, int64_t rows, void* y, const void* x,
                   const void* packed, const void* bias) {
  int64_t row = 0;
  for (task.m = kLinearRows; row < rows; task.m /= 2)
    for (; rows - row >= task.m; row += task.m)
      linear_call(s, task, at(y, row * task.n, task.y_dtype), at(x, row * task.k, task.x_dtype),
                  packed, bias);
}

// Computes y [rows, n], contiguous, by oneDNN. The bits of a row do not depend on `rows`.
void linear_rows(const Stream& s, LinearTask task, int64_t rows, void* y, const void* x,
                 const void* packed, const void* bias) {
  const int64_t same = s.matmul->invariant_row_multiple();
  if (same == 1) return linear_powers(s, task, rows, y, x, packed, bias);
  task.m = round_up(rows, same);
  if (task.m == rows) return linear_call(s, task, y, x, packed, bias);
  const PaddedRows padded(*s.matmul, {task.m, task.k, task.x_dtype},
                          {task.m, task.n, task.y_dtype});
  padded.read(x, task.k, rows);
  linear_call(s, task, padded.y(), padded.x(), packed, bias);
  padded.write(y, task.n, rows);
}

// Computes y by our own kernel, in which no row depends on the others. Rows of y are y_stride
// elements apart.
void linear_own(const Stream& s, const LinearTask& task, int64_t rows, float* y, int64_t y_stride,
                const float* x, const float* packed, const float* bias) {
  const OneDnnContext::Scratch scratch(
      *s.matmul, static_cast<size_t>(gemm_scratch_size(task.k)) * sizeof(float));
  const MatmulTask matmul{rows, task.n, task.k, task.k, task.k, y_stride, false, true, false};
  ALBERT_CALL_CPU(gemm_packed, s, y, x, packed, bias, static_cast<float*>(scratch.data()), matmul);
  if (task.activation == Activation::kIdentity) return;
  for (int64_t r = 0; r < rows; ++r)
    activate(s, {y + r * y_stride, {1, task.n}, DType::kF32}, task.activation);
}

// Computes y by our own kernel or by oneDNN, which needs scratch where y_stride is not n.
void linear_block(const Stream& s, const LinearTask& task, int64_t rows, std::byte* y,
                  int64_t y_stride, const void* x, const void* packed, const void* bias) {
  if (uses_own_gemm(s, task.x_dtype))
    return linear_own(s, task, rows, reinterpret_cast<float*>(y), y_stride,
                      static_cast<const float*>(x), static_cast<const float*>(packed),
                      static_cast<const float*>(bias));
  if (y_stride == task.n) return linear_rows(s, task, rows, y, x, packed, bias);
  const size_t row_bytes = static_cast<size_t>(task.n) * size_of(task.y_dtype);
  const OneDnnContext::Scratch scratch(*s.matmul, static_cast<size_t>(rows) * row_bytes);
  linear_rows(s, task, rows, scratch.data(), x, packed, bias);
  for (int64_t r = 0; r < rows; ++r)
    std::memcpy(at(y, r * y_stride, task.y_dtype), at(scratch.data(), r * task.n, task.y_dtype),
                row_bytes);
}

// Computes y of bf16 operands in f32: x, bias and y are converted in scratch.
void linear_block_widened(const Stream& s, const LinearTask& task, int64_t rows, std::byte* y,
                          int64_t y_stride, const void* x, const void* packed, const void* bias) {
  const OneDnnContext::Scratch scratch(
      *s.matmul, static_cast<size_t>(rows * (task.k + task.n) + task.n) * sizeof(float));
  auto* wide_x = static_cast<float*>(scratch.data());
  float* wide_y = wide_x + rows * task.k;
  float* wide_bias = wide_y + rows * task.n;
  widen(wide_x, task.k, x, task.k, rows, task.k);
  if (bias) widen(wide_bias, task.n, bias, task.n, 1, task.n);
  LinearTask wide = task;
  wide.x_dtype = wide.y_dtype = DType::kF32;
  linear_block(s, wide, rows, reinterpret_cast<std::byte*>(wide_y), task.n, wide_x, packed,
               bias ? wide_bias : nullptr);
  narrow(y, y_stride, wide_y, task.n, rows, task.n);
}

}  // namespace

size_t packed_bytes(Stream s, Shape weight, DType dtype) {
  if (dtype != DType::kF32 && dtype != DType::kBF16) return 0;
  const PackedBlocks blocks = packed_blocks(s, weight, dtype);
  return static_cast<size_t>(blocks.count()) * blocks.full_bytes;
}

void pack_weight(Stream s, Tensor packed, Tensor weight) {
  const PackedBlocks blocks = packed_blocks(s, weight.shape, weight.dtype);
  parallel_for(s, blocks.count(), [&](int64_t i) {
    const int64_t n = blocks.cols(i);
    const auto* from = at(weight.data, i * kLinearCols * blocks.k, weight.dtype);
    auto* to = static_cast<std::byte*>(packed.data) + blocks.offset(i);
    if (blocks.dtype == weight.dtype) return pack_block(s, to, from, n, blocks.k, blocks.dtype);
    const OneDnnContext::Scratch scratch(*s.matmul,
                                         static_cast<size_t>(n * blocks.k) * sizeof(float));
    widen(static_cast<float*>(scratch.data()), blocks.k, from, blocks.k, n, blocks.k);
    pack_block(s, to, scratch.data(), n, blocks.k, blocks.dtype);
  });
}

void linear_packed(Stream s, Tensor y, Tensor x, Tensor packed, Tensor bias,
                   Activation activation) {
  const int64_t rows = x.shape[0];
  const PackedBlocks blocks = packed_blocks(s, {y.shape[1], x.shape[1]}, x.dtype);
  const bool widened = blocks.dtype != x.dtype;
  const int64_t task_rows = rows_per_linear_task(s, rows, x.dtype);
  parallel_for(s, blocks_of(rows, task_rows) * blocks.count(), [&](int64_t i) {
    const int64_t row = i / blocks.count() * task_rows, block = i % blocks.count(),
                  column = block * kLinearCols;
    const LinearTask task{0,       blocks.cols(block), blocks.k,  x.dtype,
                          y.dtype, bool(bias),         activation};
    const auto* weights = static_cast<const std::byte*>(packed.data) + blocks.offset(block);
    const void* bias_block = bias ? at(bias.data, column, bias.dtype) : nullptr;
    (widened ? linear_block_widened : linear_block)(
        s, task, std::min(task_rows, rows - row), at(y.data, row * blocks.n + column, y.dtype),
        blocks.n, at(x.data, row * blocks.k, x.dtype), weights, bias_block);
  });
}

}  // namespace albert::kernels::cpu
