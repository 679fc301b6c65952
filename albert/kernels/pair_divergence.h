#pragma once
#include "albert/kernels/dispatch.h"

namespace albert::kernels {

// The divergence of pairs of distributions: the second term of R-Drop (Liang et al. 2021, arXiv
// 2106.14448, equation 3). A distribution is a soft-max per sequence and column over the sequence's
// rows; a matrix [R, K] whose rows are distributions is [R K, 1] with cu_seqlens 0, K, .., R K.
//   loss = sum over c of scale[c] * sum over b with partners[b] >= 0 of
//          weights[b, c] KL(p[b, c] || p[partners[b], c])
//   logits [T, C] F;  cu_seqlens [B + 1] i32, from 0 to T;  partners [B] i32: negative, or a
//   sequence of the same length whose partner is b;  weights [B, C] f32, the same of partners;
//   scale [C] f64;  loss [1] accumulator(F);  log_sum_exp, divergence [B, C] f64: for backward
// The caller checks the partners; one that is out of range or of another length makes the loss and
// its sequence's gradient NaN.
ALBERT_KERNEL(void pair_divergence_forward(Stream s, Tensor loss, Tensor log_sum_exp,
                                           Tensor divergence, Tensor logits, Tensor cu_seqlens,
                                           Tensor partners, Tensor weights, Tensor scale))

// dlogits (mode)= dloss * d loss / d logits, exactly 0 where there is no partner:
//   dloss scale w (p (log p - log q - KL(p || q)) + p - q),  q being the partner's
ALBERT_KERNEL(void pair_divergence_backward(Stream s, Tensor dlogits, Grad dlogits_mode,
                                            Tensor dloss, Tensor logits, Tensor log_sum_exp,
                                            Tensor divergence, Tensor cu_seqlens, Tensor partners,
                                            Tensor weights, Tensor scale))

}  // namespace albert::kernels
