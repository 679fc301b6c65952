#include "albert/kernels/pair_divergence.h"

#include "albert/kernels/cuda/cross_entropy_rows.h"

namespace albert::kernels::cuda {
namespace {

// A column of a sequence's logits.
template <class F>
struct PairColumn {
  SIMT_DEVICE double at(int64_t k) const { return static_cast<double>(load(x[k * stride])); }
  const F* x;
  int64_t length, stride;
};

// A block takes column block % C of sequence block / C, which 32 bits hold. Soft-maxes are computed
// in f64: the divergence of two that are nearly equal is far smaller than what it is the difference
// of.
template <class F>
struct PairOperands {
  SIMT_DEVICE int sequence(int64_t i) const {
    return static_cast<int>(static_cast<uint32_t>(i) / static_cast<uint32_t>(cols));
  }
  SIMT_DEVICE PairColumn<F> column(int64_t i) const {
    const int b = sequence(i);
    return {x + cu[b] * int64_t{cols} + (i - b * int64_t{cols}), cu[b + 1] - cu[b], cols};
  }
  SIMT_DEVICE int partner_of(int64_t i) const { return partners[sequence(i)]; }
  SIMT_DEVICE int64_t partner(int64_t i) const {
    return i + (partner_of(i) - sequence(i)) * int64_t{cols};
  }
  SIMT_DEVICE bool valid(int64_t i) const {
    const int other = partner_of(i), b = sequence(i);
    return other >= 0 && other < sequences && cu[other + 1] - cu[other] == cu[b + 1] - cu[b];
  }

  const F* x;
  const int32_t *cu, *partners;
  const float* weights;
  double* lse;
  int sequences, cols;
};

template <class F>
SIMT_KERNEL(kThreads)
log_sum_exp_kernel(PairOperands<F> o) {
  const int64_t own = simt::block();
  const bool paired = o.partner_of(own) >= 0;
  const PairColumn<F> column = o.column(own);
  RunningSum<double> running;
  running.best = 0;
  for (int64_t k = simt::thread(); k < column.length && paired; k += kThreads) {
    const double value[1] = {column.at(k)};
    running.add(value, k);
  }
  double most;
  const double lse = running.log_over_block(most, scratch<double>(), wide_scratch());
  if (simt::thread() == 0) o.lse[own] = paired ? lse : 0;
}

template <class F>
SIMT_KERNEL(kThreads)
divergence_kernel(double* divergence, PairOperands<F> o) {
  const int64_t own = simt::block();
  const bool valid = o.valid(own);
  double sum = 0;
  if (valid) {
    const PairColumn<F> p = o.column(own), q = o.column(o.partner(own));
    const double lse_p = o.lse[own], lse_q = o.lse[o.partner(own)];
    for (int64_t k = simt::thread(); k < p.length; k += kThreads) {
      const double log_p = p.at(k) - lse_p;
      sum += exp_of(log_p) * (log_p - (q.at(k) - lse_q));
    }
  }
  sum = block_sum(sum, wide_scratch());
  if (simt::thread() != 0) return;
  divergence[own] = valid || o.partner_of(own) < 0 ? sum : static_cast<double>(NAN);
}

template <class F>
SIMT_KERNEL(kThreads)
pair_loss_kernel(Acc<F>* loss, const double* divergence, const double* scale, PairOperands<F> o) {
  double total = 0;
  for (int c = 0; c < o.cols; ++c) {
    double sum = 0;
    for (int b = simt::thread(); b < o.sequences; b += kThreads) {
      const int64_t i = b * int64_t{o.cols} + c;
      if (o.partners[b] >= 0) sum += static_cast<double>(o.weights[i]) * divergence[i];
    }
    total += scale[c] * block_sum(sum, wide_scratch());
  }
  if (simt::thread() == 0) *loss = static_cast<Acc<F>>(total);
}

template <class F>
SIMT_KERNEL(kThreads)
pair_backward_kernel(F* dlogits, Grad mode, const Acc<F>* dloss, const double* divergence,
                     const double* scale, PairOperands<F> o) {
  const int64_t own = simt::block();
  const bool paired = o.partner_of(own) >= 0, valid = o.valid(own);
  const PairColumn<F> p = o.column(own), q = valid ? o.column(o.partner(own)) : p;
  const double lse_p = o.lse[own], lse_q = valid ? o.lse[o.partner(own)] : lse_p;
  const double factor = static_cast<double>(*dloss) *
                        scale[own - o.sequence(own) * int64_t{o.cols}] *
                        static_cast<double>(o.weights[own]);
  const double own_divergence = valid ? divergence[own] : static_cast<double>(NAN);
  F* const to = dlogits + (p.x - o.x);
  for (int64_t k = simt::thread(); k < p.length; k += kThreads) {
    const double log_p = p.at(k) - lse_p, log_q = q.at(k) - lse_q;
    double slope = -exp_of(log_q);
    const double share = exp_of(log_p);
    slope += share * (log_p - log_q - own_divergence + 1);
    store(to[k * p.stride], static_cast<Acc<F>>(paired ? factor * slope : 0), mode);
  }
}

template <class F>
PairOperands<F> pair_operands(Tensor logits, Tensor cu_seqlens, Tensor partners, Tensor weights,
                              Tensor log_sum_exp) {
  return {data<const F>(logits),
          data<const int32_t>(cu_seqlens),
          data<const int32_t>(partners),
          data<const float>(weights),
          data<double>(log_sum_exp),
          static_cast<int>(partners.shape[0]),
          static_cast<int>(logits.shape[1])};
}

}  // namespace

void pair_divergence_forward(Stream s, Tensor loss, Tensor log_sum_exp, Tensor divergence,
                             Tensor logits, Tensor cu_seqlens, Tensor partners, Tensor weights,
                             Tensor scale) {
  for_float(logits.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const auto o = pair_operands<F>(logits, cu_seqlens, partners, weights, log_sum_exp);
    const int64_t columns = int64_t{o.sequences} * o.cols;
    simt::launch(s, {columns, kThreads, kScratchBytes}, log_sum_exp_kernel<F>, o);
    simt::launch(s, {columns, kThreads, kScratchBytes}, divergence_kernel<F>,
                 data<double>(divergence), o);
    simt::launch(s, {1, kThreads, kScratchBytes}, pair_loss_kernel<F>, data<Acc<F>>(loss),
                 data<const double>(divergence), data<const double>(scale), o);
  });
}

void pair_divergence_backward(Stream s, Tensor dlogits, Grad dlogits_mode, Tensor dloss,
                              Tensor logits, Tensor log_sum_exp, Tensor divergence,
                              Tensor cu_seqlens, Tensor partners, Tensor weights, Tensor scale) {
  for_float(logits.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const auto o = pair_operands<F>(logits, cu_seqlens, partners, weights, log_sum_exp);
    simt::launch(s, {int64_t{o.sequences} * o.cols, kThreads}, pair_backward_kernel<F>,
                 data<F>(dlogits), dlogits_mode, data<const Acc<F>>(dloss),
                 data<const double>(divergence), data<const double>(scale), o);
  });
}

}  // namespace albert::kernels::cuda
