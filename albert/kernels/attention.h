#pragma once
#include "albert/kernels/dropout.h"

namespace albert::kernels {

// Columns [begin, begin + heads * head_size) of a [rows, width] matrix: one of q, k, v inside a
// fused projection.
struct Columns {
  Tensor matrix;
  int64_t begin = 0;
};

// The packed sequences: sequence b owns query rows [cu_seqlens_q[b], cu_seqlens_q[b+1]) and
// key/value rows [cu_seqlens_k[b], cu_seqlens_k[b+1]). The two are equal except in a pruned last
// layer, which has fewer queries.
struct AttentionShape {
  int64_t heads = 0;
  int64_t head_size = 0;
  Tensor cu_seqlens_q, cu_seqlens_k;  // [B + 1] i32
  Tensor positions_q;  // [Tq] i32: column of each query in its sequence's probabilities; used with
                       // `probabilities` only
};

inline void describe(CallObserver& observer, const Columns& c) {
  observe_all(observer, c.matrix, c.begin);
}
inline void describe(CallObserver& observer, const AttentionShape& s) {
  observe_all(observer, s.heads, s.head_size, s.cu_seqlens_q, s.cu_seqlens_k, s.positions_q);
}

// For every sequence and head: P = softmax(q kT / sqrt(head_size)), out = dropout(P) v. All keys of
// a sequence are attended. Works in tiles; P is never stored unless asked for.
//   q: [Tq, heads * head_size], k, v: [Tk, ..], as Columns of F;  out [Tq, heads * head_size] F
//   log_sum_exp [heads, Tq] accumulator(F), saved for backward
//   probabilities: empty, or [B, heads, S, S] F, S >= every length: row positions_q[i] gets
//   dropout(P) of query i over its sequence's keys in order (transformers' `attentions`, taken
//   after dropout); what lies beyond stays as it was
// Dropout's element is (row_ids of the query, head * 65536 + key's index in its sequence).
ALBERT_KERNEL(void attention_forward(Stream s, Tensor out, Tensor log_sum_exp, Tensor probabilities,
                                     Columns q, Columns k, Columns v, const AttentionShape& shape,
                                     const Dropout& dropout))

// Recomputes P from q, k and log_sum_exp. delta [heads, Tq] accumulator(F) is scratch for each
// query's sum of P dP, which soft-max's backward subtracts. dq, dk and dv are assigned, not added:
// they are column blocks of a gradient that nothing else writes. Each (sequence, head) has one
// owner, so the order of sums is fixed and no atomics are needed.
ALBERT_KERNEL(void attention_backward(Stream s, Columns dq, Columns dk, Columns dv, Tensor dout,
                                      Columns q, Columns k, Columns v, Tensor log_sum_exp,
                                      Tensor delta, const AttentionShape& shape,
                                      const Dropout& dropout))

}  // namespace albert::kernels
