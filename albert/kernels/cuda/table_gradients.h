#pragma once
// Adds rows to the rows of tables that their ids name, in two launches: no atomics, the same bits
// in every run. An index that the host sorted brings rows of one id, a run, next to each other; it
// is cut into chunks of equal size, so that the work does not depend on how often an id occurs.
#include "albert/kernels/cuda/reduce_rows.h"

namespace albert::kernels::cuda {

constexpr int kTables = 3;

// A table's gradient. A run that lies within a chunk is added by it. Of the others every chunk
// leaves partial sums: of the run that an earlier chunk began, and of the one that it begins and
// does not end.
template <class A>
struct TableGradient {
  A* table;
  const int32_t *ids, *order;  // order [rows]: row numbers by ascending id
  int64_t skipped;             // the row of the table that receives nothing; -1: none
  int64_t rows, rows_of_chunk, chunks;
  A* partials;         // [chunks][2][cols]
  int32_t* continued;  // [chunks]: the id whose run an earlier chunk began; -1: none

  SIMT_DEVICE int32_t id_at(int64_t place) const { return ids[order[place]]; }
};

template <class A>
struct TableGradients {
  TableGradient<A> of[kTables];
  int64_t cols;
};

// Calls body(table, chunk) for the i-th chunk of all tables.
template <class A, class Body>
SIMT_DEVICE void with_chunk(const TableGradients<A>& tables, int64_t i, const Body& body) {
#pragma unroll
  for (int k = 0; k < kTables; ++k) {
    const TableGradient<A>& t = tables.of[k];
    if (i >= 0 && i < t.chunks) body(t, i);
    i -= t.chunks;
  }
}

// Sums N columns of a chunk's rows run by run.
template <class F, int N>
struct SumChunk {
  using A = Acc<F>;
  static constexpr int kAtOnce = 4;

  SIMT_DEVICE void operator()(int64_t i, int64_t pack) const {
    with_chunk(tables, i,
               [&](const TableGradient<A>& t, int64_t chunk) { sum_chunk(t, chunk, pack * N); });
  }
  SIMT_DEVICE void sum_chunk(const TableGradient<A>& t, int64_t chunk, int64_t c) const {
    const int64_t begin = chunk * t.rows_of_chunk, below = begin + t.rows_of_chunk,
                  end = below < t.rows ? below : t.rows;
    const int32_t before = begin > 0 ? t.id_at(begin - 1) : -1,
                  after = end < t.rows ? t.id_at(end) : -1;
    int32_t id = t.id_at(begin);
    bool continues = id == before;
    if (c == 0) t.continued[chunk] = continues ? id : -1;
    A sum[N] = {};
    for (int64_t place = begin; place < end; place += kAtOnce) {
      int32_t next[kAtOnce];
      Pack<F, N> row[kAtOnce];
#pragma unroll
      for (int k = 0; k < kAtOnce; ++k) {
        const int64_t r = t.order[place + k < end ? place + k : end - 1];
        next[k] = t.ids[r];
        row[k] = pack_at<N>(dy + r * tables.cols + c);
      }
#pragma unroll
      for (int k = 0; k < kAtOnce; ++k) {
        if (place + k >= end) break;
        A value[N];
        row[k].get(value);
        if (next[k] != id) {
          finish(t, chunk, c, id, sum, continues, false);
          id = next[k];
          continues = false;
#pragma unroll
          for (int j = 0; j < N; ++j) sum[j] = 0;
        }
#pragma unroll
        for (int j = 0; j < N; ++j) sum[j] += value[j];
      }
    }
    finish(t, chunk, c, id, sum, continues, id == after);
  }
  // Brings the sum of a run of a chunk to where it belongs.
  SIMT_DEVICE void finish(const TableGradient<A>& t, int64_t chunk, int64_t c, int32_t id,
                          const A (&sum)[N], bool continues, bool goes_on) const {
    if (continues || goes_on)
      store_pack<N>(t.partials + (2 * chunk + (continues ? 0 : 1)) * tables.cols + c, sum,
                    Grad::kAssign);
    else if (id != t.skipped)
      store_pack<N>(t.table + id * tables.cols + c, sum, Grad::kAdd);
  }

  TableGradients<A> tables;
  const F* dy;
};

// Adds up N columns of the run that a chunk begins and does not end.
template <class A, int N>
struct AddRun {
  static constexpr int kAtOnce = 4;

  SIMT_DEVICE void operator()(int64_t i, int64_t pack) const {
    with_chunk(tables, i,
               [&](const TableGradient<A>& t, int64_t chunk) { add_run(t, chunk, pack * N); });
  }
  SIMT_DEVICE void add_run(const TableGradient<A>& t, int64_t chunk, int64_t c) const {
    const int64_t next = chunk + 1;
    if (next == t.chunks || t.continued[next] < 0) return;
    const int32_t id = t.continued[next];
    if (id == t.skipped || t.continued[chunk] == id) return;  // or an earlier chunk began it
    A sum[N];
    load_pack<N>(sum, t.partials + (2 * chunk + 1) * tables.cols + c);
    bool same = true;
    for (int64_t first = next; first < t.chunks && same; first += kAtOnce) {
      Pack<A, N> more[kAtOnce];
      int32_t of[kAtOnce];
#pragma unroll
      for (int k = 0; k < kAtOnce; ++k) {
        const int64_t at = first + k < t.chunks ? first + k : t.chunks - 1;
        of[k] = t.continued[at];
        more[k] = pack_at<N>(t.partials + 2 * at * tables.cols + c);
      }
#pragma unroll
      for (int k = 0; k < kAtOnce; ++k) {
        same = same && first + k < t.chunks && of[k] == id;
#pragma unroll
        for (int j = 0; j < N; ++j) sum[j] = same ? sum[j] + more[k].element[j] : sum[j];
      }
    }
    store_pack<N>(t.table + id * tables.cols + c, sum, Grad::kAdd);
  }

  TableGradients<A> tables;
};

// Rows of a chunk: so many that a run over the whole table has at most some dozens of chunks, but
// 32 to 256, and more where partial sums would else take more than 8 MiB.
template <class A>
inline int64_t rows_of_chunk(int64_t rows, int64_t table_rows, int64_t cols) {
  constexpr int64_t kLeast = 32, kMost = 256, kRunChunks = 64, kMostBytes = int64_t{8} << 20;
  const int64_t for_runs = blocks_of(rows, std::max<int64_t>(1, table_rows) * kRunChunks);
  const int64_t for_memory =
      blocks_of(rows * 2 * cols * static_cast<int64_t>(sizeof(A)), kMostBytes);
  return std::max(std::min(std::max(for_runs, kLeast), kMost), for_memory);
}

}  // namespace albert::kernels::cuda
