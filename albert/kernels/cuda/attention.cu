// attention_general.h has the kernels for any head size and type, attention_tensor_cores*.h those
// for 16-bit heads of 64 and 128.
#include <cmath>

#include "albert/kernels/cuda/attention_general.h"
#include "albert/kernels/cuda/attention_tensor_cores_backward.h"
#include "albert/kernels/cuda/attention_tensor_cores_forward.h"

namespace albert::kernels::cuda {
namespace {

template <class F>
Inputs<F> inputs_of(const Columns& q, const Columns& k, const Columns& v,
                    const AttentionShape& shape, const Dropout& dropout) {
  return {heads_of<const F>(q),
          heads_of<const F>(k),
          heads_of<const F>(v),
          data<const int32_t>(shape.cu_seqlens_q),
          data<const int32_t>(shape.cu_seqlens_k),
          shape.cu_seqlens_q.shape[0] - 1,
          shape.heads,
          shape.head_size,
          q.matrix.shape[0],
          static_cast<Acc<F>>(1 / std::sqrt(static_cast<double>(shape.head_size))),
          DropoutFactors<Acc<F>>(dropout)};
}

}  // namespace

void attention_forward(Stream s, Tensor out, Tensor out_error, Tensor log_sum_exp,
                       Tensor probabilities, Columns q, Columns k, Columns v,
                       const AttentionShape& shape, const Dropout& dropout) {
  for_float(out.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const Inputs<F> in = inputs_of<F>(q, k, v, shape, dropout);
    const Heads<F> to = heads_of<F>({out, 0});
    if (!tensor_core_forward(s, in, to, data<BFloat16>(out_error), data<A>(log_sum_exp),
                             most_rows(shape, in.queries)))
      general_forward(s, in, to, data<A>(log_sum_exp));
    if (!probabilities) return;
    for_tiles(in, kProbabilityParts, in.queries, [&](auto tile, const simt::Launch& launch) {
      simt::launch(s, launch, probabilities_kernel<F, decltype(tile)::value>, in,
                   data<const A>(log_sum_exp), data<F>(probabilities), probabilities.shape[3],
                   data<const int32_t>(shape.positions_q));
    });
  });
}

void attention_backward(Stream s, Columns dq, Columns dk, Columns dv, Tensor dout, Tensor out,
                        Tensor out_error, Columns q, Columns k, Columns v, Tensor log_sum_exp,
                        Tensor workspace, const AttentionShape& shape, const Dropout& dropout) {
  for_float(dout.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const Inputs<F> in = inputs_of<F>(q, k, v, shape, dropout);
    const Heads<const F> upstream = heads_of<const F>({dout, 0});
    const Heads<F> to_q = heads_of<F>(dq), to_k = heads_of<F>(dk), to_v = heads_of<F>(dv);
    const A* const statistics = data<const A>(log_sum_exp);
    if (tensor_core_backward(s, in, {upstream, to_q, to_k, to_v}, data<const F>(out),
                             data<const BFloat16>(out_error), statistics, workspace.data,
                             most_rows(shape, k.matrix.shape[0])))
      return;
    general_backward(s, in, {upstream, statistics, data<A>(workspace)}, to_q, to_k, to_v,
                     k.matrix.shape[0]);
  });
}

}  // namespace albert::kernels::cuda
