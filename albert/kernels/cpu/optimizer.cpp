#include <cmath>

#include "albert/kernels/cpu/types.h"
#include "albert/kernels/optimizer.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

// Updates one element's moments and returns its update, in the type of the parameters.
template <class F>
struct Adam {
  Adam(const AdamRule& r, const UpdateFactors& f, bool decays)
      : gradient_scale(static_cast<F>(f.gradient)),
        beta1(static_cast<F>(r.beta1)),
        beta2(static_cast<F>(r.beta2)),
        one_minus_beta1(static_cast<F>(1 - r.beta1)),
        one_minus_beta2(static_cast<F>(1 - r.beta2)),
        m_correction(static_cast<F>(f.m)),
        v_correction(static_cast<F>(f.v)),
        eps(static_cast<F>(r.eps)),
        weight_decay(decays ? static_cast<F>(r.weight_decay) : F(0)) {}

  F operator()(F w, F& m, F& v, F gradient) const {
    const F g = gradient * gradient_scale;
    m = beta1 * m + one_minus_beta1 * g;
    v = beta2 * v + one_minus_beta2 * g * g;
    return m * m_correction / (std::sqrt(v * v_correction) + eps) + weight_decay * w;
  }

  F gradient_scale, beta1, beta2, one_minus_beta1, one_minus_beta2, m_correction, v_correction, eps,
      weight_decay;
};

template <class F>
void adamw_block(F* w, F* m, F* v, const F* gradient, int64_t n, const Adam<F>& adam, F rate) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) w[i] -= rate * adam(w[i], m[i], v[i], gradient[i]);
}

struct Squares {
  double w = 0, u = 0;
};

template <class F>
Squares lamb_block(F* update, const F* w, F* m, F* v, const F* gradient, int64_t n,
                   const Adam<F>& adam) {
  double ww = 0, uu = 0;
#pragma omp simd reduction(+ : ww, uu)
  for (int64_t i = 0; i < n; ++i) {
    const F u = adam(w[i], m[i], v[i], gradient[i]);
    update[i] = u;
    ww += static_cast<double>(w[i]) * static_cast<double>(w[i]);
    uu += static_cast<double>(u) * static_cast<double>(u);
  }
  return {ww, uu};
}

template <class F>
void subtract_block(F* w, const F* u, int64_t n, F rate) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) w[i] -= rate * u[i];
}

// One row of UpdateTable::blocks.
struct Block {
  int64_t begin, end, parameter;
};
// One row of UpdateTable::parameters.
struct Part {
  int64_t first_block, end_block, decays;
  double rate;
};

// Returns |w| / |u|, from the sums of squares of a parameter's blocks.
double trust_ratio(const Squares* partials, const Part& part) {
  Squares sum;
  for (int64_t b = part.first_block; b < part.end_block; ++b) {
    sum.w += partials[b].w;
    sum.u += partials[b].u;
  }
  return !part.decays || sum.w == 0 || sum.u == 0 ? 1 : std::sqrt(sum.w) / std::sqrt(sum.u);
}

// The operands of an update in one type. for_blocks() visits every block of the table, in parallel.
template <class F>
struct Update {
  Update(Tensor value, Tensor m_, Tensor v_, Tensor gradient_, const UpdateTable& table)
      : w(data<F>(value)),
        m(data<F>(m_)),
        v(data<F>(v_)),
        gradient(data<const F>(gradient_)),
        blocks(static_cast<const Block*>(table.blocks.data)),
        parts(static_cast<const Part*>(table.parameters.data)),
        count(table.blocks.shape[0]) {}

  template <class Body>
  void for_blocks(const Stream& s, const Body& body) const {
    parallel_for(s, count,
                 [&](int64_t b) { body(b, blocks[b].begin, blocks[b].end - blocks[b].begin); });
  }
  const Part& part(int64_t block) const { return parts[blocks[block].parameter]; }
  bool decays(int64_t block) const { return part(block).decays != 0; }

  F *w, *m, *v;
  const F* gradient;
  const Block* blocks;
  const Part* parts;
  int64_t count;
};

template <class F>
void lamb(const Stream& s, const Update<F>& on, F* update, Squares* partials, double* rates,
          int64_t parameters, const UpdateFactors& factors, const AdamRule& rule) {
  on.for_blocks(s, [&](int64_t b, int64_t at, int64_t n) {
    const Adam<F> adam(rule, factors, on.decays(b));
    partials[b] =
        lamb_block(update + at, on.w + at, on.m + at, on.v + at, on.gradient + at, n, adam);
  });
  for (int64_t p = 0; p < parameters; ++p)
    rates[p] = factors.learning_rate * on.parts[p].rate * trust_ratio(partials, on.parts[p]);
  on.for_blocks(s, [&](int64_t b, int64_t at, int64_t n) {
    subtract_block(on.w + at, update + at, n, static_cast<F>(rates[on.blocks[b].parameter]));
  });
}

template <class F>
void adamw(const Stream& s, const Update<F>& on, const UpdateFactors& factors,
           const AdamRule& rule) {
  on.for_blocks(s, [&](int64_t b, int64_t at, int64_t n) {
    adamw_block(on.w + at, on.m + at, on.v + at, on.gradient + at, n,
                Adam<F>(rule, factors, on.decays(b)),
                static_cast<F>(factors.learning_rate * on.part(b).rate));
  });
}

template <class F>
void average_block(F* average, const F* value, int64_t n, F share) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) average[i] += share * (value[i] - average[i]);
}

}  // namespace

void moving_average(Stream s, Tensor average, Tensor value, Tensor factors, double decay) {
  if (std::isnan(static_cast<const UpdateFactors*>(factors.data)->gradient)) return;
  const auto run = [&](auto share) {
    using F = decltype(share);
    F* const to = data<F>(average);
    const F* const from = data<const F>(value);
    parallel_blocks(s, value.shape.size(), kUpdateBlock, [=](int64_t begin, int64_t end) {
      average_block(to + begin, from + begin, end - begin, share);
    });
  };
  value.dtype == DType::kF32 ? run(static_cast<float>(1 - decay)) : run(1 - decay);
}

void adamw_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, Tensor factors,
                  const UpdateTable& table, const AdamRule& rule) {
  const auto& f = *static_cast<const UpdateFactors*>(factors.data);
  if (std::isnan(f.gradient)) return;
  if (value.dtype == DType::kF32)
    return adamw(s, Update<float>(value, m, v, gradient, table), f, rule);
  adamw(s, Update<double>(value, m, v, gradient, table), f, rule);
}

void lamb_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, Tensor factors,
                 Tensor update, Tensor partials, Tensor rates, const UpdateTable& table,
                 const AdamRule& rule) {
  const auto& f = *static_cast<const UpdateFactors*>(factors.data);
  if (std::isnan(f.gradient)) return;
  auto* const sums = static_cast<Squares*>(partials.data);
  auto* const rate = data<double>(rates);
  const int64_t count = rates.shape[0];
  if (value.dtype == DType::kF32)
    return lamb(s, Update<float>(value, m, v, gradient, table), data<float>(update), sums, rate,
                count, f, rule);
  lamb(s, Update<double>(value, m, v, gradient, table), data<double>(update), sums, rate, count, f,
       rule);
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
