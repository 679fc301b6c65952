#include "albert/kernels/pair_divergence.h"

#include <cmath>
#include <limits>

#include "albert/kernels/cpu/types.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// One column of one sequence. A soft-max is computed in f64: the divergence of two that are nearly
// equal is far smaller than what it is the difference of.
template <class F>
struct Column {
  double at(int64_t i) const { return static_cast<double>(load(x[i * stride])); }
  double log_sum_exp() const {
    double most = -std::numeric_limits<double>::infinity(), sum = 0;
    for (int64_t i = 0; i < length; ++i) most = at(i) > most ? at(i) : most;
    for (int64_t i = 0; i < length; ++i) sum += std::exp(at(i) - most);
    return most + std::log(sum);
  }
  const F* x;
  int64_t length, stride;
};

// Column i % C of sequence i / C, and what belongs to it.
template <class F>
struct Operands {
  Operands(Tensor logits, Tensor cu_seqlens, Tensor partner_of, Tensor weight_of)
      : x(data<const F>(logits)),
        cu(data<const int32_t>(cu_seqlens)),
        partners(data<const int32_t>(partner_of)),
        weights(data<const float>(weight_of)),
        sequences(partner_of.shape[0]),
        cols(logits.shape[1]) {}

  int64_t size() const { return sequences * cols; }
  int64_t offset(int64_t i) const { return cu[i / cols] * cols + i % cols; }
  Column<F> column(int64_t i) const {
    return {x + offset(i), int64_t{cu[i / cols + 1]} - cu[i / cols], cols};
  }
  bool has_partner(int64_t i) const { return partners[i / cols] >= 0; }
  int64_t partner(int64_t i) const { return partners[i / cols] * cols + i % cols; }
  bool valid(int64_t i) const {
    return partners[i / cols] < sequences && column(partner(i)).length == column(i).length;
  }

  const F* x;
  const int32_t *cu, *partners;
  const float* weights;
  int64_t sequences, cols;
};

// KL(p || q) of a column's soft-max and its partner's.
template <class F>
double divergence_of(const Operands<F>& o, int64_t i, const double* lse) {
  if (!o.has_partner(i)) return 0;
  if (!o.valid(i)) return kNaN;
  const Column<F> own = o.column(i), other = o.column(o.partner(i));
  const double lse_p = lse[i], lse_q = lse[o.partner(i)];
  double sum = 0;
  for (int64_t k = 0; k < own.length; ++k) {
    const double log_p = own.at(k) - lse_p, log_q = other.at(k) - lse_q;
    sum += std::exp(log_p) * (log_p - log_q);
  }
  return sum;
}

template <class F>
void backward_column(F* dx, Grad mode, const Operands<F>& o, int64_t i, double factor,
                     const double* lse, const double* divergence) {
  const Column<F> own = o.column(i);
  const bool paired = o.has_partner(i), valid = paired && o.valid(i);
  const Column<F> other = valid ? o.column(o.partner(i)) : own;
  const double lse_p = lse[i], lse_q = valid ? lse[o.partner(i)] : lse_p;
  for (int64_t k = 0; k < own.length; ++k) {
    const double log_p = own.at(k) - lse_p, log_q = other.at(k) - lse_q;
    const double p = std::exp(log_p), q = std::exp(log_q);
    const double slope = valid ? p * (log_p - log_q - divergence[i]) + p - q : kNaN;
    store(dx[k * o.cols], static_cast<Acc<F>>(paired ? factor * slope : 0), mode);
  }
}

}  // namespace

void pair_divergence_forward(Stream s, Tensor loss, Tensor log_sum_exp, Tensor divergence,
                             Tensor logits, Tensor cu_seqlens, Tensor partners, Tensor weights,
                             Tensor scale) {
  for_float(logits.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const Operands<F> o(logits, cu_seqlens, partners, weights);
    double *lse = data<double>(log_sum_exp), *own = data<double>(divergence);
    parallel_for(s, o.size(),
                 [=](int64_t i) { lse[i] = o.has_partner(i) ? o.column(i).log_sum_exp() : 0; });
    parallel_for(s, o.size(), [=](int64_t i) { own[i] = divergence_of(o, i, lse); });
    double total = 0;
    for (int64_t c = 0; c < o.cols; ++c) {
      double sum = 0;
      for (int64_t i = c; i < o.size(); i += o.cols)
        if (o.has_partner(i)) sum += static_cast<double>(o.weights[i]) * own[i];
      total += data<const double>(scale)[c] * sum;
    }
    *data<Acc<F>>(loss) = static_cast<Acc<F>>(total);
  });
}

void pair_divergence_backward(Stream s, Tensor dlogits, Grad dlogits_mode, Tensor dloss,
                              Tensor logits, Tensor log_sum_exp, Tensor divergence,
                              Tensor cu_seqlens, Tensor partners, Tensor weights, Tensor scale) {
  for_float(logits.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const Operands<F> o(logits, cu_seqlens, partners, weights);
    const auto upstream = static_cast<double>(*data<const Acc<F>>(dloss));
    const double *lse = data<const double>(log_sum_exp), *own = data<const double>(divergence),
                 *scales = data<const double>(scale);
    F* const dx = data<F>(dlogits);
    parallel_for(s, o.size(), [=](int64_t i) {
      const double factor = upstream * scales[i % o.cols] * static_cast<double>(o.weights[i]);
      backward_column(dx + o.offset(i), dlogits_mode, o, i, factor, lse, own);
    });
  });
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
