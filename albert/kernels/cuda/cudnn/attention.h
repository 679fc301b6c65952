#pragma once
// Attention by cuDNN, for 16-bit types without dropout and without probabilities. A stream that has
// a CudnnContext asks for it; attention_call.h decides.
#include "albert/kernels/attention.h"

namespace albert::kernels {

// True if cuDNN computes attention of this kind on `s`: both passes, or neither.
bool cudnn_takes(const Stream& s, DType dtype, int64_t head_size, const Dropout& dropout);

// Returns the bytes of `workspace` for one pass. `longest`: rows of the longest sequence, or more.
// The first call for a shape builds its graph, which is kept. Error(kNoDevice) where cuDNN has
// none.
size_t cudnn_attention_workspace(Stream s, bool backward, Columns q, Columns k, Columns v,
                                 const AttentionShape& shape, int64_t longest);

// Computes attention_forward(), with log_sum_exp laid out as [Tq, heads] f32. Heads begin at
// multiples of 16 bytes.
void cudnn_attention_forward(Stream s, Tensor out, Tensor log_sum_exp, Tensor workspace, Columns q,
                             Columns k, Columns v, const AttentionShape& shape, int64_t longest);

// Computes attention_backward() from `out` of forward; dq, dk and dv have the layout of q, k and v.
// It gives the same bits every time, which cuDNN offers only on Hopper and on Blackwell's
// data-centre GPUs; elsewhere the workspace call throws. dk and dv of a sequence with keys and no
// query may stay as they were.
void cudnn_attention_backward(Stream s, Columns dq, Columns dk, Columns dv, Tensor dout, Tensor out,
                              Columns q, Columns k, Columns v, Tensor log_sum_exp, Tensor workspace,
                              const AttentionShape& shape, int64_t longest);

// The description of a packed batch for cuDNN, made on the GPU from its cu_seqlens.
struct CudnnIndices {
  Tensor offsets[5];  // [B + 1] i32: elements before each sequence in q, k, v, out, log_sum_exp
  Tensor lengths[2];  // [B + 1] i32, the last unused: rows of each sequence of q, of k
};
namespace cuda {
void cudnn_indices(Stream s, const CudnnIndices& indices, const int64_t (&strides)[5],
                   const AttentionShape& shape);
}

}  // namespace albert::kernels
