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

// Adds dy's rows into the three tables, rows in a fixed order. Row `padding_idx` of word receives
// nothing, as transformers' nn.Embedding does; -1: every row does, as in Google's.
//   dy [T, E] F;  d* as the tables, accumulator(F)
ALBERT_KERNEL(void embedding_backward(Stream s, Tensor dword, Tensor dtoken_type, Tensor dposition,
                                      Tensor dy, Tensor input_ids, Tensor token_type_ids,
                                      Tensor position_ids, int64_t padding_idx))

}  // namespace albert::kernels
