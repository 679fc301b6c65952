#include "albert/kernels/pair_divergence.h"

#include "albert/kernels/cuda/cross_entropy_rows.h"

namespace albert::kernels::cuda {
namespace {

// A block takes column block % C of sequence block / C. Soft-maxes are computed in f64: the
// divergence of two that are nearly equal is far smaller than what it is the difference of.
template <class F>
struct PairOperands {
  SIMT_DEVICE int64_t length(int64_t i) const { return cu[i / cols + 1] - cu[i / cols]; }
  SIMT_DEVICE int64_t place(int64_t i, int64_t k) const {
    return (cu[i / cols] + k) * cols + i % cols;
  }
  SIMT_DEVICE double at(int64_t i, int64_t k) const {
    return static_cast<double>(load(x[place(i, k)]));
  }
  SIMT_DEVICE bool has_partner(int64_t i) const { return partners[i / cols] >= 0; }
  SIMT_DEVICE int64_t partner(int64_t i) const { return partners[i / cols] * cols + i % cols; }
  SIMT_DEVICE bool valid(int64_t i) const {
    return has_partner(i) && partners[i / cols] < sequences && length(partner(i)) == length(i);
  }
  SIMT_DEVICE double log_p(int64_t i, int64_t k) const { return at(i, k) - lse[i]; }

  const F* x;
  const int32_t *cu, *partners;
  const float* weights;
  double* lse;
  int64_t sequences, cols;
};

template <class F>
SIMT_KERNEL(kThreads)
log_sum_exp_kernel(PairOperands<F> o) {
  const int64_t own = simt::block();
  RunningSum<double> running;
  running.best = 0;
  for (int64_t k = simt::thread(); k < o.length(own) && o.has_partner(own); k += kThreads) {
    const double value[1] = {o.at(own, k)};
    running.add(value, k);
  }
  double most;
  const double lse = running.log_over_block(most, scratch<double>(), wide_scratch());
  if (simt::thread() == 0) o.lse[own] = o.has_partner(own) ? lse : 0;
}

template <class F>
SIMT_KERNEL(kThreads)
divergence_kernel(double* divergence, PairOperands<F> o) {
  const int64_t own = simt::block();
  const bool valid = o.valid(own);
  double sum = 0;
  for (int64_t k = simt::thread(); k < o.length(own) && valid; k += kThreads) {
    const double log_p = o.log_p(own, k);
    sum += exp_of(log_p) * (log_p - o.log_p(o.partner(own), k));
  }
  sum = block_sum(sum, wide_scratch());
  if (simt::thread() != 0) return;
  divergence[own] = valid || !o.has_partner(own) ? sum : static_cast<double>(NAN);
}

template <class F>
SIMT_KERNEL(kThreads)
pair_loss_kernel(Acc<F>* loss, const double* divergence, const double* scale, PairOperands<F> o) {
  double total = 0;
  for (int64_t c = 0; c < o.cols; ++c) {
    double sum = 0;
    for (int64_t b = simt::thread(); b < o.sequences; b += kThreads) {
      const int64_t i = b * o.cols + c;
      if (o.has_partner(i)) sum += static_cast<double>(o.weights[i]) * divergence[i];
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
  const bool paired = o.has_partner(own), valid = o.valid(own);
  const double factor =
      static_cast<double>(*dloss) * scale[own % o.cols] * static_cast<double>(o.weights[own]);
  for (int64_t k = simt::thread(); k < o.length(own); k += kThreads) {
    double slope = valid ? 0 : static_cast<double>(NAN);
    if (valid) {
      const double log_p = o.log_p(own, k), log_q = o.log_p(o.partner(own), k);
      const double p = exp_of(log_p);
      slope = p * (log_p - log_q - divergence[own]) + p - exp_of(log_q);
    }
    store(dlogits[o.place(own, k)], static_cast<Acc<F>>(paired ? factor * slope : 0), mode);
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
          partners.shape[0],
          logits.shape[1]};
}

}  // namespace

void pair_divergence_forward(Stream s, Tensor loss, Tensor log_sum_exp, Tensor divergence,
                             Tensor logits, Tensor cu_seqlens, Tensor partners, Tensor weights,
                             Tensor scale) {
  for_float(logits.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const auto o = pair_operands<F>(logits, cu_seqlens, partners, weights, log_sum_exp);
    const int64_t columns = o.sequences * o.cols;
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
    simt::launch(s, {o.sequences * o.cols, kThreads}, pair_backward_kernel<F>, data<F>(dlogits),
                 dlogits_mode, data<const Acc<F>>(dloss), data<const double>(divergence),
                 data<const double>(scale), o);
  });
}

}  // namespace albert::kernels::cuda
