// Divides matmuls into blocks that follow from the shapes alone. Each block is one single-threaded
// call of oneDNN or of our own kernel:
//
//   f64                              matmul_f64 (matmul_f64.cpp)
//   f32 with AVX2                    gemm_own, which packs b once for all threads
//   f32 elsewhere                    gemm_block of 384 x 384, by gemm_onednn
//   bf16 where the ISA multiplies it gemm_block, by OneDnnContext::matmul_bf16
//   bf16 elsewhere                   gemm_block, by gemm_widened in f32: gemm_own_block with AVX2,
//                                    otherwise oneDNN
//
// Wherever oneDNN multiplies x w^T, gemm_invariant_rows stands before gemm_block. Matmuls with
// packed weights are in linear.cpp.
#include "albert/kernels/cpu/matmul_tasks.h"

namespace albert::kernels::cpu {
namespace {

constexpr int64_t kTile = 384;  // rows and columns of c per task
constexpr int64_t kPanelDepth =
    512;  // so much of the inner dimension is copied or widened at a time

// A stage of gemm_own packs kOwnDepth x kOwnStageCols of b, at most 18 MiB, by tasks of
// kOwnPackedCols columns. It multiplies by tasks of at most kOwnRows rows of c and kOwnCols
// columns.
constexpr int64_t kOwnDepth = 4 * kGemmDepth, kOwnCols = 1536, kOwnStageCols = 2 * kOwnCols;
constexpr int64_t kOwnRows = 72, kOwnPackedCols = 192;

// The bits of a row must not depend on the rows beside it, but oneDNN sums in another order when a
// matmul has fewer than 16 rows (AVX-512) and in the rows past a multiple of 6 (AVX2). So every
// matmul x w^T that it computes has a multiple of this many rows.
constexpr int64_t kInvariantRowMultiple = 24;
static_assert(kTile % kInvariantRowMultiple == 0);

void copy_rows(float* to, const float* from, int64_t from_stride, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r)
    std::memcpy(to + r * cols, from + r * from_stride, static_cast<size_t>(cols) * sizeof(float));
}

// oneDNN's matmul on panels that were copied: those of b and, for aT b (the gradient of a weight),
// those of a. In place, the rows of a panel are a whole row of the matrix apart, often a multiple
// of a page, and reading them so cost oneDNN up to two fifths of its rate.
void gemm_panels(OneDnnContext& context, const MatmulTask& t, float* c, const float* a,
                 const float* b) {
  const int64_t depth = std::min(kPanelDepth, t.k);
  const int64_t a_cols = t.transpose_a ? t.m : 0;  // of the panel; else a is read where it is
  const OneDnnContext::Scratch scratch(context,
                                       static_cast<size_t>(depth * (a_cols + t.n)) * sizeof(float));
  auto* panel_a = static_cast<float*>(scratch.data());
  float* panel_b = panel_a + depth * a_cols;
  MatmulTask part = t;
  part.b_stride = t.n;
  if (t.transpose_a) part.a_stride = t.m;
  for (int64_t begin = 0; begin < t.k; begin += depth) {
    part.k = std::min(depth, t.k - begin);
    part.accumulate = t.accumulate || begin > 0;
    if (t.transpose_a) copy_rows(panel_a, a + begin * t.a_stride, t.a_stride, part.k, t.m);
    copy_rows(panel_b, b + begin * t.b_stride, t.b_stride, part.k, t.n);
    context.matmul_f32(part, c, t.transpose_a ? panel_a : a + begin, panel_b);
  }
}

// Blocks have equal heights, in whole slivers. If there are many, their number is a multiple of 4,
// so that threads can share them equally.
int64_t rows_per_own_task(int64_t rows) {
  const int64_t blocks = blocks_of(rows, kOwnRows);
  return round_up(blocks_of(rows, blocks < 8 ? blocks : round_up(blocks, 4)), kGemmSliver);
}

// One stage of gemm_own, on all threads: k is at most kOwnDepth and n at most kOwnStageCols.
// `packed` takes op(b).
void gemm_own_stage(const Stream& s, const MatmulTask& t, float* c, const float* a, const float* b,
                    float* packed) {
  const int64_t blocks = blocks_of(t.n, kOwnCols), panels = blocks_of(t.k, kGemmDepth);
  const auto block_cols = [&](int64_t column) {
    return std::min(kOwnCols, t.n - column / kOwnCols * kOwnCols);
  };
  const auto block_at = [&](int64_t column) {
    return packed + column / kOwnCols * gemm_packed_size(kOwnCols, t.k);
  };
  const int64_t strips = blocks_of(t.n, kOwnPackedCols);
  parallel_for(s, strips * panels, [&](int64_t i) {
    const int64_t column = i % strips * kOwnPackedCols, inner = i / strips * kGemmDepth;
    MatmulTask strip = t;
    strip.n = std::min(kOwnPackedCols, t.n - column);
    strip.k = std::min(kGemmDepth, t.k - inner);
    float* to = block_at(column) + gemm_packed_size(block_cols(column), inner) +
                column % kOwnCols * strip.k;
    ALBERT_CALL_CPU(gemm_pack, s, to,
                    b + (t.transpose_b ? column * t.b_stride + inner : inner * t.b_stride + column),
                    strip);
  });
  const int64_t rows = rows_per_own_task(t.m);
  parallel_for(s, blocks_of(t.m, rows) * blocks, [&](int64_t i) {
    const int64_t row = i / blocks * rows, column = i % blocks * kOwnCols;
    MatmulTask task = t;
    task.m = std::min(rows, t.m - row);
    task.n = block_cols(column);
    const OneDnnContext::Scratch scratch(
        *s.matmul, static_cast<size_t>(gemm_scratch_size(t.k)) * sizeof(float));
    ALBERT_CALL_CPU(gemm_packed, s, c + row * t.c_stride + column,
                    a + row * (t.transpose_a ? 1 : t.a_stride), block_at(column), nullptr,
                    static_cast<float*>(scratch.data()), task);
  });
}

// The whole matmul by our own kernel on all threads, in stages.
void gemm_own(const Stream& s, const MatmulTask& t, float* c, const float* a, const float* b) {
  const int64_t most_cols = std::min(kOwnStageCols, t.n), most_depth = std::min(kOwnDepth, t.k);
  const OneDnnContext::Scratch packed(
      *s.matmul, static_cast<size_t>(blocks_of(most_cols, kOwnCols) *
                                     gemm_packed_size(std::min(kOwnCols, most_cols), most_depth)) *
                     sizeof(float));
  for (int64_t column = 0; column < t.n; column += kOwnStageCols)
    for (int64_t inner = 0; inner < t.k; inner += kOwnDepth) {
      MatmulTask stage = t;
      stage.n = std::min(kOwnStageCols, t.n - column);
      stage.k = std::min(kOwnDepth, t.k - inner);
      stage.accumulate = t.accumulate || inner > 0;
      gemm_own_stage(
          s, stage, c + column, a + inner * (t.transpose_a ? t.a_stride : 1),
          b + (t.transpose_b ? column * t.b_stride + inner : inner * t.b_stride + column),
          static_cast<float*>(packed.data()));
    }
}

// One block by our own kernel on one thread, which packs its own b.
void gemm_own_block(const Stream& s, const MatmulTask& t, float* c, const float* a,
                    const float* b) {
  const int64_t depth = std::min(kGemmDepth, t.k), packed_size = gemm_packed_size(t.n, depth);
  const OneDnnContext::Scratch scratch(
      *s.matmul, static_cast<size_t>(packed_size + gemm_scratch_size(depth)) * sizeof(float));
  auto* packed = static_cast<float*>(scratch.data());
  MatmulTask part = t;
  for (int64_t begin = 0; begin < t.k; begin += depth, part.accumulate = true) {
    part.k = std::min(depth, t.k - begin);
    const float* from_a = a + begin * (t.transpose_a ? t.a_stride : 1);
    ALBERT_CALL_CPU(gemm_pack, s, packed, b + begin * (t.transpose_b ? 1 : t.b_stride), part);
    ALBERT_CALL_CPU(gemm_packed, s, c, from_a, packed, nullptr, packed + packed_size, part);
  }
}

// One block by oneDNN on one thread.
void gemm_onednn(const Stream& s, const MatmulTask& t, float* c, const float* a, const float* b) {
  if (t.transpose_b) return s.matmul->matmul_f32(t, c, a, b);
  gemm_panels(*s.matmul, t, c, a, b);
}

// One block of bf16 operands multiplied in f32. Panels of both operands are widened, kPanelDepth
// deep at a time.
void gemm_widened(const Stream& s, const MatmulTask& t, void* c, DType c_dtype, const void* a,
                  const void* b) {
  const int64_t depth = std::min(kPanelDepth, t.k);
  const OneDnnContext::Scratch scratch(
      *s.matmul, static_cast<size_t>(t.m * depth + depth * t.n + t.m * t.n) * sizeof(float));
  auto* wide_a = static_cast<float*>(scratch.data());
  float* wide_b = wide_a + t.m * depth;
  float* sum = wide_b + depth * t.n;
  for (int64_t begin = 0; begin < t.k; begin += depth) {
    const int64_t k = std::min(depth, t.k - begin);
    MatmulTask part = t;
    part.k = k;
    part.accumulate = begin > 0;
    part.a_stride = t.transpose_a ? t.m : k;
    part.b_stride = t.transpose_b ? k : t.n;
    part.c_stride = t.n;
    const auto* from_a = at(a, t.transpose_a ? begin * t.a_stride : begin, DType::kBF16);
    const auto* from_b = at(b, t.transpose_b ? begin : begin * t.b_stride, DType::kBF16);
    widen(wide_a, part.a_stride, from_a, t.a_stride, t.transpose_a ? k : t.m,
          t.transpose_a ? t.m : k);
    widen(wide_b, part.b_stride, from_b, t.b_stride, t.transpose_b ? t.n : k,
          t.transpose_b ? k : t.n);
    uses_own_gemm(s, DType::kBF16) ? gemm_own_block(s, part, sum, wide_a, wide_b)
                                   : s.matmul->matmul_f32(part, sum, wide_a, wide_b);
  }
  for (int64_t i = 0; i < t.m; ++i)
    for (int64_t j = 0; j < t.n; ++j) {
      float value = sum[i * t.n + j];
      if (c_dtype == DType::kF32) {
        float& out = static_cast<float*>(c)[i * t.c_stride + j];
        out = t.accumulate ? out + value : value;
      } else {
        BFloat16& out = static_cast<BFloat16*>(c)[i * t.c_stride + j];
        out = BFloat16(t.accumulate ? static_cast<float>(out) + value : value);
      }
    }
}

// One block of op(a) op(b) on one thread, by whoever the table above says.
void gemm_block(const Stream& s, const MatmulTask& t, DType dtype, void* c, DType c_dtype,
                const void* a, const void* b) {
  if (dtype == DType::kF32)
    gemm_onednn(s, t, static_cast<float*>(c), static_cast<const float*>(a),
                static_cast<const float*>(b));
  else if (s.matmul->native_bf16())
    s.matmul->matmul_bf16(t, c, c_dtype, a, b);
  else
    gemm_widened(s, t, c, c_dtype, a, b);
}

// gemm_block for forward matmuls x w^T, whose rows must have the same bits in any batch: the last
// rows are computed among rows of zeros. Gradients are sums over all rows and need no such care.
void gemm_invariant_rows(const Stream& s, const MatmulTask& t, DType dtype, void* c, DType c_dtype,
                         const void* a, const void* b) {
  const int64_t rest = t.m % kInvariantRowMultiple, row = t.m - rest;
  MatmulTask part = t;
  part.m = row;
  if (row > 0) gemm_block(s, part, dtype, c, c_dtype, a, b);
  if (rest == 0) return;
  const PaddedRows padded(*s.matmul, {kInvariantRowMultiple, t.k, dtype},
                          {kInvariantRowMultiple, t.n, c_dtype});
  padded.read(at(a, row * t.a_stride, dtype), t.a_stride, rest);
  part.m = kInvariantRowMultiple;
  part.a_stride = t.k;
  part.c_stride = t.n;
  gemm_block(s, part, dtype, padded.y(), c_dtype, padded.x(), b);
  padded.write(at(c, row * t.c_stride, c_dtype), t.c_stride, rest);
}

}  // namespace

void matmul(Stream s, Tensor c, Tensor a, Tensor b, Matmul options) {
  if (a.dtype == DType::kF64) return kernels::matmul_f64(s, c, a, b, options);
  const int64_t m = c.shape[0], n = c.shape[1], k = a.shape[options.transpose_a ? 0 : 1];
  if (k == 0) {
    if (!options.accumulate) std::memset(c.data, 0, c.bytes());
    return;
  }
  if (a.dtype == DType::kF32 && uses_own_gemm(s, a.dtype))
    return gemm_own(s,
                    {m, n, k, a.shape[1], b.shape[1], n, options.transpose_a, options.transpose_b,
                     options.accumulate},
                    c.as<float>(), a.as<float>(), b.as<float>());
  const int64_t columns = blocks_of(n, kTile);
  parallel_for(s, blocks_of(m, kTile) * columns, [&](int64_t i) {
    const int64_t row = i / columns * kTile, column = i % columns * kTile;
    const MatmulTask task{std::min(kTile, m - row),
                          std::min(kTile, n - column),
                          k,
                          a.shape[1],
                          b.shape[1],
                          n,
                          options.transpose_a,
                          options.transpose_b,
                          options.accumulate};
    const bool forward = options.transpose_b && !options.transpose_a && !options.accumulate;
    const auto tile = forward && !uses_own_gemm(s, a.dtype) ? gemm_invariant_rows : gemm_block;
    tile(s, task, a.dtype, at(c.data, row * n + column, c.dtype), c.dtype,
         at(a.data, options.transpose_a ? row : row * k, a.dtype),
         at(b.data, options.transpose_b ? column * k : column, b.dtype));
  });
}

}  // namespace albert::kernels::cpu
