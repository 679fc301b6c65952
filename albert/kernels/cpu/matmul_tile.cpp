// Slivers of both operands, packed, meet in a block of registers: one of b stays in L1 while all of
// a's pass, those of a stay in L2 while b passes, and c is read and written once per kTileDepth.
#include "albert/kernels/cpu/matmul_tile.h"

#include "albert/kernels/cpu/attention_tile.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

using Lane = Vector<float>;
constexpr int kRows = static_cast<int>(kTileSliver),
              kVectors = 2;  // 12 sums hide the latency of their additions
constexpr int kColumns = kVectors * kLanes<float>;

// op(x) [.., inner dimension], its rows (or, transposed, its columns) `stride` apart.
struct Operand {
  const float* data;
  int64_t stride;
  bool transposed;
  Operand at(int64_t row, int64_t inner) const {
    return {data + (transposed ? inner * stride + row : row * stride + inner), stride, transposed};
  }
};

// to [depth, kWidth] = rows of x turned. Where there are no more rows the last one stands again:
// nobody reads what comes of it. Whole vectors are written, so up to one of them past the end.
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
    for (int i = 0; i < kSize;
         ++i)  // in ascending order: what is past one row's end is the next row's
      for (int n = 0; n < kSquares; ++n)
        store_vector(to + (l + i) * kWidth + n * kSize, squares[n][i]);
  }
  for (int64_t l = whole; l < depth; ++l)
    for (int r = 0; r < kWidth; ++r) to[l * kWidth + r] = row(r)[l];
}

// The same where the rows already lie side by side.
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

// to: slivers of kWidth rows of op(x), one after the other.
template <int kWidth>
void pack(float* to, Operand x, int64_t rows, int64_t depth) {
  constexpr int64_t kStep = 8;
  if (!x.transposed) {
    for (int64_t r = 0; r < rows; r += kWidth)
      pack_turned<kWidth>(to + r * depth, x.at(r, 0), rows - r, depth);
    return;
  }
  for (int64_t l = 0; l < depth; l += kStep)  // a few lines of memory at a time, whole
    for (int64_t r = 0; r < rows; r += kWidth)
      pack_straight<kWidth>(to + r * depth + l * kWidth, x.at(r, l), rows - r,
                            std::min(kStep, depth - l));
}

// c = sums + before, which is c itself, a bias for every row (stride 0), or null.
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

// What comes next from memory, fetched `step` bytes further with every element of the inner
// dimension.
struct Ahead {
  const char* from;
  int64_t step;
};

// One sliver of a times one of b.
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

// The same where c ends within: `rows` and `cols` of it are left.
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

// c [m, n] from packed panels, `depth` deep. Every sliver of a fetches its share of the next of b.
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

void tile_pack(Stream, float* packed, const float* b, const MatmulTask& t) {
  const Operand rows{b, t.b_stride, !t.transpose_b};
  for (int64_t begin = 0; begin < t.k; begin += kTileDepth) {
    const int64_t depth = std::min(kTileDepth, t.k - begin);
    pack<kColumns>(packed + tile_packed_size(t.n, begin), rows.at(0, begin), t.n, depth);
  }
}

void tile_multiply(Stream, float* c, const float* a, const float* packed, const float* bias,
                   float* scratch, const MatmulTask& t) {
  const Operand rows{a, t.a_stride, t.transpose_a};
  for (int64_t begin = 0; begin < t.k; begin += kTileDepth) {
    const int64_t depth = std::min(kTileDepth, t.k - begin);
    const bool first = begin == 0 && !t.accumulate;
    const Destination to{c, t.c_stride, first ? bias : c, first ? 0 : t.c_stride};
    const float* panel = packed + tile_packed_size(t.n, begin);
    for (int64_t row = 0; row < t.m; row += kTileRowsAtOnce) {
      const int64_t m = std::min(kTileRowsAtOnce, t.m - row);
      pack<kRows>(scratch, rows.at(row, begin), m, depth);
      multiply_panels(to.at(row, 0), scratch, panel, m, t.n, depth);
    }
  }
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
