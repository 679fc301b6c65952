#pragma once
// Tiles of the CPU attention are blocks of at most kTile rows (or columns) in the accumulator's
// type. This file has their matmuls, loads, stores and transposes, compiled once per instruction
// set, as types.h says.
#include <utility>

#include "albert/kernels/cpu/types.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {

constexpr int64_t kTile = 64;  // queries and keys per tile
// Head dimensions per tile, limited since tiles lie on the stack.
template <class A>
constexpr int64_t kTileDims = static_cast<int64_t>(512 / sizeof(A));

// A block's sums stay in the vector registers: 32 of 64 bytes with AVX-512, otherwise 16.
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

// The size of c [rows, cols], whose cols are whole vectors, and of the dimension summed over.
struct Extent {
  int64_t rows, cols, depth;
};

// Sets one register block c [kRows, kVectors vectors] to a b, or adds a b to it. With kTransposed,
// a is stored as [depth, rows].
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

// Multiplies all rows of one panel of columns, in blocks of kRows and at the end of fewer.
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

// Sets c = a b, or adds a b to c.
template <class A>
inline void multiply(Matrix<A> c, Matrix<A> a, Matrix<A> b, Extent n, Grad mode) {
  multiply_columns<A, false, kBlockVectors>(c, {a.data, a.stride}, {b.data, b.stride}, 0, n, mode);
}

// Sets c = aT b, or adds aT b to c.
template <class A>
inline void multiply_transposed(Matrix<A> c, Matrix<A> a, Matrix<A> b, Extent n, Grad mode) {
  multiply_columns<A, true, kBlockVectors>(c, {a.data, a.stride}, {b.data, b.stride}, 0, n, mode);
}

// Sets tile = factor * source [rows, cols]. Columns past `cols` up to the tile's stride, and rows
// past `rows` up to whole vectors, become zero.
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

// Sets destination = factor * tile, or adds that to it.
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

// Transposes a square of kLanes x kLanes. Each round interleaves row i with row i + kLanes / 2, and
// log2(kLanes) rounds transpose.
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

// Transposes from [rows, cols] into to [cols, rows]; both are whole vectors.
template <class A>
inline void transpose_tile(Matrix<A> to, Matrix<A> from, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; i += kLanes<A>)
    for (int64_t j = 0; j < cols; j += kLanes<A>) transpose_square<A>(to.at(j, i), from.at(i, j));
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
