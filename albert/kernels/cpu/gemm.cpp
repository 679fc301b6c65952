// Both operands are packed into slivers, two of which are multiplied into a block of registers. A
// sliver of b stays in L1 while all those of a are multiplied with it; those of a stay in L2 for
// all of b; c is read and written once per kGemmDepth.
#include "albert/kernels/cpu/gemm.h"

#include "albert/kernels/cpu/attention_tile.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

using Lane = Vector<float>;
constexpr int kRows = static_cast<int>(kGemmSliver),
              kVectors = 2;  // 12 sums hide the latency of their additions
constexpr int kColumns = kVectors * kLanes<float>;

// op(x), whose columns are the inner dimension. The rows of x as stored are `stride` apart.
struct Operand {
  const float* data;
  int64_t stride;
  bool transposed;
  Operand at(int64_t row, int64_t inner) const {
    return {data + (transposed ? inner * stride + row : row * stride + inner), stride, transposed};
  }
};

// Transposes kWidth rows of x into to [depth, kWidth]. Past the end the last row is repeated; the
// results are not used. Whole vectors are written, so up to one of them past the end.
template <int kWidth>
void pack_turned(float* to, Operand x, int64_t rows, int64_t depth) {
  constexpr int kSize = kLanes<float>, kSquares = (kWidth + kSize - 1) / kSize;
  const auto row = [&](int64_t r) { return x.data + std::min(r, rows - 1) * x.stride; };
  const int64_t whole = depth / kSize * kSize;
  for (int64_t l = 0; l < whole; l += kSize) {
    Lane squares[kSquares][kSize];
    for (int n = 0; n < kSquares; ++n) {
      for (int i = 0; i < kSize; ++i) squares[n][i] = load_vector(row(n * kSize + i) + l);
      transpose_vectors<float>(squares[n]);
    }
    // A vector may reach into the next row of `to`, which is written after it.
    for (int i = 0; i < kSize; ++i)
      for (int n = 0; n < kSquares; ++n)
        store_vector(to + (l + i) * kWidth + n * kSize, squares[n][i]);
  }
  for (int64_t l = whole; l < depth; ++l)
    for (int r = 0; r < kWidth; ++r) to[l * kWidth + r] = row(r)[l];
}

// Copies kWidth rows of a transposed x, which already lie side by side, into to [depth, kWidth].
template <int kWidth>
void pack_straight(float* to, Operand x, int64_t rows, int64_t depth) {
  for (int64_t l = 0; l < depth; ++l) {
    const float* from = x.data + l * x.stride;
    if (rows >= kWidth)
      __builtin_memcpy(to + l * kWidth, from, kWidth * sizeof(float));
    else
      for (int64_t r = 0; r < kWidth; ++r) to[l * kWidth + r] = from[std::min(r, rows - 1)];
  }
}

// Packs op(x) into slivers of kWidth rows, one after the other.
template <int kWidth>
void pack(float* to, Operand x, int64_t rows, int64_t depth) {
  constexpr int64_t kStep = 8;
  if (!x.transposed) {
    for (int64_t r = 0; r < rows; r += kWidth)
      pack_turned<kWidth>(to + r * depth, x.at(r, 0), rows - r, depth);
    return;
  }
  for (int64_t l = 0; l < depth; l += kStep)  // reads a few cache lines at a time, whole
    for (int64_t r = 0; r < rows; r += kWidth)
      pack_straight<kWidth>(to + r * depth + l * kWidth, x.at(r, l), rows - r,
                            std::min(kStep, depth - l));
}

// Results become sums + before: c itself, a bias for every row (stride 0), or nothing if it is
// null.
struct Destination {
  float* c;
  int64_t stride;
  const float* before;
  int64_t before_stride;
  Destination at(int64_t row, int64_t column) const {
    return {c + row * stride + column, stride,
            before ? before + row * before_stride + column : nullptr, before_stride};
  }
};

// The place to prefetch; it moves on by `step` bytes with every element of the inner dimension.
struct Ahead {
  const char* from;
  int64_t step;
};

// Multiplies one sliver of a with one of b.
inline void multiply_slivers(Destination to, const float* a, const float* b, int64_t depth,
                             Ahead ahead) {
  Lane sum[kRows][kVectors] = {};
#pragma GCC unroll 4
  for (int64_t l = 0; l < depth; ++l) {
    __builtin_prefetch(ahead.from);
    ahead.from += ahead.step;
    const Lane left = load_vector(b + l * kColumns),
               right = load_vector(b + l * kColumns + kLanes<float>);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const float x = a[l * kRows + r];
      sum[r][0] += x * left;
      sum[r][1] += x * right;
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      const int64_t j = v * kLanes<float>;
      const float* before = to.before + r * to.before_stride + j;
      store_vector(to.c + r * to.stride + j,
                   to.before ? load_vector(before) + sum[r][v] : sum[r][v]);
    }
}

// Does the same at the edge of c, of which only `rows` and `cols` are left.
inline void multiply_last(Destination to, const float* a, const float* b, int64_t depth,
                          int64_t rows, int64_t cols) {
  alignas(64) float sums[kRows * kColumns];
  multiply_slivers({sums, kColumns, nullptr, 0}, a, b, depth,
                   {reinterpret_cast<const char*>(b), 0});
  for (int64_t r = 0; r < std::min<int64_t>(kRows, rows); ++r)
    for (int64_t j = 0; j < std::min<int64_t>(kColumns, cols); ++j) {
      const float sum = sums[r * kColumns + j];
      to.c[r * to.stride + j] = to.before ? to.before[r * to.before_stride + j] + sum : sum;
    }
}

// Computes c [m, n] from packed panels, `depth` deep. While a sliver of a is multiplied, its share
// of the next sliver of b is prefetched.
void multiply_panels(Destination c, const float* a, const float* b, int64_t m, int64_t n,
                     int64_t depth) {
  const int64_t step = kColumns * static_cast<int64_t>(sizeof(float)) / blocks_of(m, kRows);
  for (int64_t j = 0; j < n; j += kColumns) {
    const float* sliver = b + j * depth;
    const char* next = reinterpret_cast<const char*>(sliver + kColumns * depth);
    for (int64_t i = 0; i < m; i += kRows)
      if (i + kRows <= m && j + kColumns <= n)
        multiply_slivers(c.at(i, j), a + i * depth, sliver, depth,
                         {next + i / kRows * depth * step, step});
      else
        multiply_last(c.at(i, j), a + i * depth, sliver, depth, m - i, n - j);
  }
}

}  // namespace

void gemm_pack(Stream, float* packed, const float* b, const MatmulTask& t) {
  const Operand rows{b, t.b_stride, !t.transpose_b};
  for (int64_t begin = 0; begin < t.k; begin += kGemmDepth) {
    const int64_t depth = std::min(kGemmDepth, t.k - begin);
    pack<kColumns>(packed + gemm_packed_size(t.n, begin), rows.at(0, begin), t.n, depth);
  }
}

void gemm_packed(Stream, float* c, const float* a, const float* packed, const float* bias,
                 float* scratch, const MatmulTask& t) {
  const Operand rows{a, t.a_stride, t.transpose_a};
  for (int64_t begin = 0; begin < t.k; begin += kGemmDepth) {
    const int64_t depth = std::min(kGemmDepth, t.k - begin);
    const bool first = begin == 0 && !t.accumulate;
    const Destination to{c, t.c_stride, first ? bias : c, first ? 0 : t.c_stride};
    const float* panel = packed + gemm_packed_size(t.n, begin);
    for (int64_t row = 0; row < t.m; row += kGemmRowsAtOnce) {
      const int64_t m = std::min(kGemmRowsAtOnce, t.m - row);
      pack<kRows>(scratch, rows.at(row, begin), m, depth);
      multiply_panels(to.at(row, 0), scratch, panel, m, t.n, depth);
    }
  }
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
