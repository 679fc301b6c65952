#pragma once
// Attention by cuDNN: a second backend beside attention.h's, of 16-bit types, without dropout and
// without probabilities. A stream asks for it by having a CudnnContext.
#include "albert/kernels/attention.h"

namespace albert::kernels {

// Whether `s` leaves attention of this kind to cuDNN: both passes, or neither.
bool cudnn_takes(const Stream& s, DType dtype, int64_t head_size, const Dropout& dropout);

// Bytes of `workspace` for one pass. `longest`: rows of the longest sequence, or more. The first
// call for a shape builds its graph, which is kept. Error(kNoDevice) where cuDNN has none.
size_t cudnn_attention_workspace(Stream s, bool backward, Columns q, Columns k, Columns v,
                                 const AttentionShape& shape, int64_t longest);

// As attention_forward(), but for the layout of log_sum_exp: [Tq, heads] f32. Heads begin at 16
// bytes.
void cudnn_attention_forward(Stream s, Tensor out, Tensor log_sum_exp, Tensor workspace, Columns q,
                             Columns k, Columns v, const AttentionShape& shape, int64_t longest);

// As attention_backward(), from `out` of forward; dq, dk and dv lie as q, k and v do. The same bits
// every time, which cuDNN offers on Hopper and Blackwell's data-centre GPUs only; elsewhere the
// workspace call says so. dk and dv of a sequence with keys and no query may stay as they were.
void cudnn_attention_backward(Stream s, Columns dq, Columns dk, Columns dv, Tensor dout, Tensor out,
                              Columns q, Columns k, Columns v, Tensor log_sum_exp, Tensor workspace,
                              const AttentionShape& shape, int64_t longest);

// What cuDNN wants to know of a packed batch, from its lengths on the GPU.
struct CudnnIndices {
  Tensor offsets[5];  // [B + 1] i32: elements before each sequence in q, k, v, out, log_sum_exp
  Tensor lengths[2];  // [B + 1] i32, the last unused: rows of each sequence of q, of k
};
namespace cuda {
void cudnn_indices(Stream s, const CudnnIndices& indices, const int64_t (&strides)[5],
                   const AttentionShape& shape);
}

}  // namespace albert::kernels
