#pragma once
#include "albert/kernels/dispatch.h"

namespace albert::kernels {

// y[t] = word[input_ids[t]] + token_type[token_type_ids[t]] + position[position_ids[t]]
// (docs/albert.md 2.1)
//   y [T, E] F;  word [V, E], token_type [G, E], position [P, E] F;  *_ids [T] i32, in range (the
//   caller checks)
ALBERT_KERNEL(void embedding_forward(Stream s, Tensor y, Tensor word, Tensor token_type,
                                     Tensor position, Tensor input_ids, Tensor token_type_ids,
                                     Tensor position_ids))

// The row numbers [T] i32 in ascending order of each of the three ids, rows of equal ids in
// ascending order. GPUs add gradients up in this order; the CPU does without, and they may be
// empty.
struct RowOrders {
  Tensor by_input_id, by_token_type_id, by_position_id;
};

inline void describe(CallObserver& observer, const RowOrders& o) {
  observe_all(observer, o.by_input_id, o.by_token_type_id, o.by_position_id);
}

// Adds dy's rows into the three tables, rows in a fixed order. Row `padding_idx` of word receives
// nothing, as transformers' nn.Embedding does; -1: every row does, as in Google's.
//   dy [T, E] F;  d* as the tables, accumulator(F);  dword may be empty: then so may be its order
ALBERT_KERNEL(void embedding_backward(Stream s, Tensor dword, Tensor dtoken_type, Tensor dposition,
                                      Tensor dy, Tensor input_ids, Tensor token_type_ids,
                                      Tensor position_ids, const RowOrders& orders,
                                      int64_t padding_idx))

}  // namespace albert::kernels
