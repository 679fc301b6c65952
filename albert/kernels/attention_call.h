#pragma once
// The contract of attention as the engine calls it: by our own kernels (attention.h), or by a
// vendor's library where the backend was asked for it and the library takes the call.
#include "albert/kernels/attention.h"

namespace albert::kernels {

// One attention of a step, for forward and backward. Operands as attention_forward() takes them.
struct AttentionCall {
  Columns q, k, v;
  AttentionShape shape;
  int64_t max_seqlen = 0;  // rows of the longest sequence, or more
  bool backward = false;   // whether attention_backward() follows
  Tensor probabilities = {};
  Dropout dropout = {};
};

// What forward keeps for backward, as the implementation that computes the call lays it out.
struct AttentionStatistics {
  Shape shape;
  DType dtype = DType::kF32;
};
AttentionStatistics attention_statistics(const Stream& s, const AttentionCall& call);

// Bytes of scratch memory that one pass needs. Error(kNoDevice) where the library that was asked
// for does not offer this pass on this GPU.
size_t attention_workspace(const Stream& s, const AttentionCall& call, bool backward);

// out [Tq, heads * head_size] and `statistics` are assigned.
void attention_forward(const Stream& s, Tensor out, Tensor statistics, Tensor workspace,
                       const AttentionCall& call);

// dq, dk and dv are assigned; each lies as its operand does. `out` and `statistics` are forward's.
void attention_backward(const Stream& s, Columns dq, Columns dk, Columns dv, Tensor dout,
                        Tensor out, Tensor statistics, Tensor workspace, const AttentionCall& call);

}  // namespace albert::kernels
