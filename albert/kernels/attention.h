#pragma once
#include <algorithm>

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
  int64_t max_seqlen = 0;  // rows of the longest sequence, or more; 0: not known
};

inline void describe(CallObserver& observer, const Columns& c) {
  observe_all(observer, c.matrix, c.begin);
}
inline void describe(CallObserver& observer, const AttentionShape& s) {
  observe_all(observer, s.heads, s.head_size, s.cu_seqlens_q, s.cu_seqlens_k, s.positions_q,
              s.max_seqlen);
}

// The most rows that a sequence of a batch of `rows` rows can have.
inline int64_t most_rows(const AttentionShape& shape, int64_t rows) {
  return shape.max_seqlen > 0 ? std::min(shape.max_seqlen, rows) : rows;
}

// For every sequence and head: P = softmax(q kT / sqrt(head_size)), out = dropout(P) v. All keys of
// a sequence are attended. Works in tiles; P is never stored unless asked for.
//   q: [Tq, heads * head_size], k, v: [Tk, ..], as Columns of F;  out [Tq, heads * head_size] F
//   out_error: empty, or [Tq, heads * head_size] bf16, saved for backward: what out lost when it
//   was rounded to F. Only GPUs write it, where keeps_out_error()
//   log_sum_exp [heads, Tq] accumulator(F), saved for backward
//   probabilities: empty, or [B, heads, S, S] F, S >= every length: row positions_q[i] gets
//   dropout(P) of query i over its sequence's keys in order (transformers' `attentions`, taken
//   after dropout); what lies beyond stays as it was
// Dropout's element is (row_ids of the query, head * 65536 + key's index in its sequence).
ALBERT_KERNEL(void attention_forward(Stream s, Tensor out, Tensor out_error, Tensor log_sum_exp,
                                     Tensor probabilities, Columns q, Columns k, Columns v,
                                     const AttentionShape& shape, const Dropout& dropout))

// True where backward reads out_error and is slower without it: for 16-bit heads of 64 and 128 on
// a GPU, also in a dry run for one.
bool keeps_out_error(const Stream& s, DType dtype, int64_t head_size);

// Bytes of attention_backward's workspace for this many rows of q and of k, also in a dry run.
size_t attention_backward_workspace(const Stream& s, DType dtype, int64_t queries, int64_t keys,
                                    const AttentionShape& shape);

// Recomputes P from q, k and log_sum_exp. workspace [bytes] u8 is scratch for each query's sum of
// P dP, which soft-max's backward subtracts, and on a GPU for sums of dq. out and out_error are
// forward's; where out_error is empty, both are not read. dq, dk and dv are assigned, not added:
// they are column blocks of a gradient that nothing else writes. Each (sequence, head) has one
// owner, so the order of sums is fixed and no atomics are needed.
ALBERT_KERNEL(void attention_backward(Stream s, Columns dq, Columns dk, Columns dv, Tensor dout,
                                      Tensor out, Tensor out_error, Columns q, Columns k, Columns v,
                                      Tensor log_sum_exp, Tensor workspace,
                                      const AttentionShape& shape, const Dropout& dropout))

}  // namespace albert::kernels
