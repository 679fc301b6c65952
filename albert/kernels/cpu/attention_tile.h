#pragma once
// Tiles of the CPU attention: blocks of at most kTile rows (or columns) in the accumulator's type,
// and their matmuls. Like cpu_types.h, once per instruction set.
#include <utility>

#include "albert/kernels/cpu/types.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {

constexpr int64_t kTile = 64;  // queries and keys per tile
template <class A>
constexpr int64_t kTileDims =
    static_cast<int64_t>(512 / sizeof(A));  // head dimensions per tile: bounds stack use

// What fits the registers: 32 of 64 bytes, or 16.
#if defined(__AVX512F__)
constexpr int kVectorBytes = 64, kBlockRows = 8, kBlockVectors = 2;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32, kBlockRows = 6, kBlockVectors = 2;
#else
constexpr int kVectorBytes = 16, kBlockRows = 4, kBlockVectors = 2;
#endif
template <class A>
struct VectorOf;
template <>
struct VectorOf<float> {
  typedef float type __attribute__((vector_size(kVectorBytes)));
};
template <>
struct VectorOf<double> {
  typedef double type __attribute__((vector_size(kVectorBytes)));
};
template <class A>
using Vector = typename VectorOf<A>::type;
template <class A>
constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(A));

template <class A>
constexpr int64_t round_up_to_lanes(int64_t n) {
  return (n + kLanes<A> - 1) / kLanes<A> * kLanes<A>;
}

template <class A>
inline Vector<A> load_vector(const A* from) {
  Vector<A> v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}
template <class A>
inline void store_vector(A* to, Vector<A> v) {
  __builtin_memcpy(to, &v, sizeof v);
}

// A matrix in memory: element (i, j) of storage type F at data[i * stride + j].
template <class F>
struct Matrix {
  F* data;
  int64_t stride;
  F* row(int64_t i) const { return data + i * stride; }
  Matrix at(int64_t i, int64_t j) const { return {data + i * stride + j, stride}; }
};

struct Extent {
  int64_t rows, cols,
      depth;  // of c [rows, cols] and the dimension summed over; cols: whole vectors
};

// One register block: c [kRows, kVectors vectors] (+)= a b. With kTransposed a is read as [depth,
// rows].
template <class A, bool kTransposed, int kRows, int kVectors>
inline void multiply_block(Matrix<A> c, Matrix<const A> a, Matrix<const A> b, int64_t depth,
                           Grad mode) {
  Vector<A> sum[kRows][kVectors] = {};
  for (int64_t k = 0; k < depth; ++k) {
    Vector<A> row[kVectors];
    for (int v = 0; v < kVectors; ++v) row[v] = load_vector(b.row(k) + v * kLanes<A>);
    for (int r = 0; r < kRows; ++r) {
      const A x = kTransposed ? a.row(k)[r] : a.row(r)[k];
      for (int v = 0; v < kVectors; ++v) sum[r][v] += x * row[v];
    }
  }
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kVectors; ++v) {
      A* to = c.row(r) + v * kLanes<A>;
      store_vector(to, mode == Grad::kAdd ? load_vector<A>(to) + sum[r][v] : sum[r][v]);
    }
}

// All rows of one panel of columns, in blocks of kRows, then of fewer.
template <class A, bool kTransposed, int kRows, int kVectors>
inline void multiply_panel(Matrix<A> c, Matrix<const A> a, Matrix<const A> b, int64_t row, Extent n,
                           Grad mode) {
  for (; row + kRows <= n.rows; row += kRows)
    multiply_block<A, kTransposed, kRows, kVectors>(
        c.at(row, 0), kTransposed ? a.at(0, row) : a.at(row, 0), b, n.depth, mode);
  if constexpr (kRows > 1)
    multiply_panel<A, kTransposed, (kRows > 4 ? 4 : kRows / 2), kVectors>(c, a, b, row, n, mode);
}

template <class A, bool kTransposed, int kVectors>
inline void multiply_columns(Matrix<A> c, Matrix<const A> a, Matrix<const A> b, int64_t col,
                             Extent n, Grad mode) {
  constexpr int64_t kCols = kVectors * kLanes<A>;
  for (; col + kCols <= n.cols; col += kCols)
    multiply_panel<A, kTransposed, kBlockRows, kVectors>(c.at(0, col), a, b.at(0, col), 0, n, mode);
  if constexpr (kVectors > 1) multiply_columns<A, kTransposed, kVectors / 2>(c, a, b, col, n, mode);
}

// c (mode)= a b
template <class A>
inline void multiply(Matrix<A> c, Matrix<A> a, Matrix<A> b, Extent n, Grad mode) {
  multiply_columns<A, false, kBlockVectors>(c, {a.data, a.stride}, {b.data, b.stride}, 0, n, mode);
}

// c (mode)= aT b
template <class A>
inline void multiply_transposed(Matrix<A> c, Matrix<A> a, Matrix<A> b, Extent n, Grad mode) {
  multiply_columns<A, true, kBlockVectors>(c, {a.data, a.stride}, {b.data, b.stride}, 0, n, mode);
}

// tile [rows.., cols.. up to its stride] = factor * source; columns past `cols` and rows up to
// whole vectors read zero.
template <class F>
inline void load_tile(Matrix<Acc<F>> tile, Matrix<F> source, int64_t rows, int64_t cols,
                      Acc<F> factor) {
  for (int64_t i = 0; i < rows; ++i) {
    const F* from = source.row(i);
    Acc<F>* to = tile.row(i);
#pragma omp simd
    for (int64_t j = 0; j < cols; ++j) to[j] = load(from[j]) * factor;
    for (int64_t j = cols; j < tile.stride; ++j) to[j] = 0;
  }
  for (int64_t i = rows; i < round_up_to_lanes<Acc<F>>(rows); ++i)
    for (int64_t j = 0; j < tile.stride; ++j) tile.row(i)[j] = 0;
}

// destination (mode)= factor * tile
template <class F>
inline void store_tile(Matrix<F> destination, Matrix<Acc<F>> tile, int64_t rows, int64_t cols,
                       Acc<F> factor, Grad mode) {
  for (int64_t i = 0; i < rows; ++i) {
    F* to = destination.row(i);
    const Acc<F>* from = tile.row(i);
#pragma omp simd
    for (int64_t j = 0; j < cols; ++j) store(to[j], from[j] * factor, mode);
  }
}

template <class A, int... kLane>
inline void interleave(Vector<A>& low, Vector<A>& high, std::integer_sequence<int, kLane...>) {
  constexpr int kHalf = kLanes<A> / 2;
  const Vector<A> a = low, b = high;
  low = __builtin_shufflevector(a, b, (kLane / 2 + kLane % 2 * kLanes<A>)...);
  high = __builtin_shufflevector(a, b, (kHalf + kLane / 2 + kLane % 2 * kLanes<A>)...);
}

// A square of kLanes x kLanes: each round interleaves row i with row i + kLanes / 2; log2(kLanes)
// rounds transpose.
template <class A>
inline void transpose_vectors(Vector<A> (&rows)[kLanes<A>]) {
  constexpr int kSize = kLanes<A>, kHalf = kSize / 2;
  Vector<A> next[kSize];
  for (int round = kHalf; round > 0; round /= 2) {
    for (int i = 0; i < kHalf; ++i) {
      next[2 * i] = rows[i];
      next[2 * i + 1] = rows[i + kHalf];
      interleave<A>(next[2 * i], next[2 * i + 1], std::make_integer_sequence<int, kSize>{});
    }
    for (int i = 0; i < kSize; ++i) rows[i] = next[i];
  }
}

template <class A>
inline void transpose_square(Matrix<A> to, Matrix<A> from) {
  Vector<A> rows[kLanes<A>];
  for (int i = 0; i < kLanes<A>; ++i) rows[i] = load_vector<A>(from.row(i));
  transpose_vectors<A>(rows);
  for (int i = 0; i < kLanes<A>; ++i) store_vector<A>(to.row(i), rows[i]);
}

// to [cols, rows] = from [rows, cols] transposed; both in whole vectors.
template <class A>
inline void transpose_tile(Matrix<A> to, Matrix<A> from, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; i += kLanes<A>)
    for (int64_t j = 0; j < cols; j += kLanes<A>) transpose_square<A>(to.at(j, i), from.at(i, j));
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
