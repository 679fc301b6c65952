#include <cmath>

#include "albert/kernels/cuda/loops.h"
#include "albert/kernels/optimizer.h"

namespace albert::kernels::cuda {
namespace {

// UpdateFactors in the type of the parameters.
template <class F>
struct Factors {
  SIMT_DEVICE explicit Factors(const UpdateFactors& f)
      : gradient(static_cast<F>(f.gradient)), m(static_cast<F>(f.m)), v(static_cast<F>(f.v)) {}
  SIMT_DEVICE bool none() const { return !(gradient == gradient); }  // true: skip the update
  F gradient, m, v;
};

// Computes u of one element and its new m and v, in the type of the parameters.
template <class F>
struct Adam {
  explicit Adam(const AdamRule& r)
      : beta1(static_cast<F>(r.beta1)),
        beta2(static_cast<F>(r.beta2)),
        one_minus_beta1(static_cast<F>(1 - r.beta1)),
        one_minus_beta2(static_cast<F>(1 - r.beta2)),
        eps(static_cast<F>(r.eps)),
        weight_decay(static_cast<F>(r.weight_decay)) {}

  SIMT_DEVICE F operator()(F w, F& m, F& v, F gradient, const Factors<F>& by, bool decays) const {
    const F g = gradient * by.gradient;
    m = beta1 * m + one_minus_beta1 * g;
    v = beta2 * v + one_minus_beta2 * g * g;
    return m * by.m / (std::sqrt(v * by.v) + eps) + (decays ? weight_decay * w : F(0));
  }

  F beta1, beta2, one_minus_beta1, one_minus_beta2, eps, weight_decay;
};

// A row of UpdateTable's blocks.
struct Block {
  int64_t begin, end, parameter;
};
// A row of UpdateTable's parameters.
struct Part {
  int64_t first_block, end_block, decays;
  double rate;
};

// The operands of an update in one type.
template <class F>
struct Update {
  F *w, *m, *v;
  const F* gradient;
  const UpdateFactors* factors;
  const Block* blocks;
  const Part* parts;
  bool packs;  // true if all four are aligned for packs
  Adam<F> adam;
};

template <class F>
Update<F> update_of(Tensor value, Tensor m, Tensor v, Tensor gradient, Tensor factors,
                    const UpdateTable& table, const AdamRule& rule) {
  const bool packs =
      packs_fit<F>(kPack<F>, data<F>(value), data<F>(m), data<F>(v), data<F>(gradient));
  return {data<F>(value),
          data<F>(m),
          data<F>(v),
          data<const F>(gradient),
          static_cast<const UpdateFactors*>(factors.data),
          static_cast<const Block*>(table.blocks.data),
          static_cast<const Part*>(table.parameters.data),
          packs,
          Adam<F>(rule)};
}

// Calls apply(Width<N>, i) for the elements [i, i + N) of a block by its threads: in packs as far
// as they fit, then one by one.
template <class F, class Apply>
SIMT_DEVICE void for_block(const Block& block, bool packs, const Apply& apply) {
  constexpr int N = kPack<F>;
  const bool fit = packs && block.begin % N == 0;
  const int64_t whole = fit ? block.begin + (block.end - block.begin) / N * N : block.begin;
  for (int64_t i = block.begin + N * simt::thread(); i < whole; i += N * kThreads)
    apply(Width<N>{}, i);
  for (int64_t i = whole + simt::thread(); i < block.end; i += kThreads) apply(Width<1>{}, i);
}

// Computes u of the elements [i, i + N) and stores their new m and v.
template <int N, class F>
SIMT_DEVICE void adam_pack(F (&u)[N], F (&w)[N], const Update<F>& on, int64_t i,
                           const Factors<F>& by, bool decays) {
  F m[N], v[N], gradient[N];
  load_pack<N>(w, on.w + i);
  load_pack<N>(m, on.m + i);
  load_pack<N>(v, on.v + i);
  load_pack<N>(gradient, on.gradient + i);
#pragma unroll
  for (int k = 0; k < N; ++k) u[k] = on.adam(w[k], m[k], v[k], gradient[k], by, decays);
  store_pack<N>(on.m + i, m, Grad::kAssign);
  store_pack<N>(on.v + i, v, Grad::kAssign);
}

template <class F>
struct AdamWPack {
  template <int N>
  SIMT_DEVICE void operator()(Width<N>, int64_t i) const {
    F u[N], w[N];
    adam_pack(u, w, on, i, by, decays);
#pragma unroll
    for (int k = 0; k < N; ++k) w[k] -= rate * u[k];
    store_pack<N>(on.w + i, w, Grad::kAssign);
  }
  const Update<F>& on;
  Factors<F> by;
  bool decays;
  F rate;
};

template <class F>
SIMT_KERNEL(kThreads)
adamw_kernel(Update<F> on) {
  const Factors<F> by(*on.factors);
  if (by.none()) return;
  const Block block = on.blocks[simt::block()];
  const Part part = on.parts[block.parameter];
  const auto rate = static_cast<F>(on.factors->learning_rate * part.rate);
  for_block<F>(block, on.packs, AdamWPack<F>{on, by, part.decays != 0, rate});
}

// Stores u in update and returns a thread's squares of w and u.
template <class F>
struct LambPack {
  template <int N>
  SIMT_DEVICE void operator()(Width<N>, int64_t i) const {
    F u[N], w[N];
    adam_pack(u, w, on, i, by, decays);
    store_pack<N>(update + i, u, Grad::kAssign);
#pragma unroll
    for (int k = 0; k < N; ++k) {
      squares[0] += static_cast<double>(w[k]) * static_cast<double>(w[k]);
      squares[1] += static_cast<double>(u[k]) * static_cast<double>(u[k]);
    }
  }
  const Update<F>& on;
  F* update;
  double* squares;
  Factors<F> by;
  bool decays;
};

// partials[2 b] and [2 b + 1] are the sums of squares of w and u in block b.
template <class F>
SIMT_KERNEL(kThreads)
lamb_kernel(Update<F> on, F* update, double* partials) {
  const Factors<F> by(*on.factors);
  if (by.none()) return;
  const Block block = on.blocks[simt::block()];
  double squares[2] = {0, 0};
  for_block<F>(block, on.packs,
               LambPack<F>{on, update, squares, by, on.parts[block.parameter].decays != 0});
  auto* const scratch = simt::shared<double>();
  for (double& sum : squares) sum = block_sum(sum, scratch);
  if (simt::thread() != 0) return;
  partials[2 * simt::block()] = squares[0];
  partials[2 * simt::block() + 1] = squares[1];
}

// One block per parameter: rate = learning_rate * its rate * |w| / |u|, without the ratio if either
// norm is 0 or the parameter does not decay.
SIMT_KERNEL(kThreads)
lamb_rate_kernel(double* rates, const double* partials, const Part* parts,
                 const UpdateFactors* factors) {
  const Part part = parts[simt::block()];
  double w_squares = 0, u_squares = 0;
  for (int64_t b = part.first_block + simt::thread(); b < part.end_block; b += kThreads) {
    w_squares += partials[2 * b];
    u_squares += partials[2 * b + 1];
  }
  auto* const scratch = simt::shared<double>();
  w_squares = block_sum(w_squares, scratch);
  u_squares = block_sum(u_squares, scratch);
  const bool plain = part.decays == 0 || w_squares == 0 || u_squares == 0;
  if (simt::thread() == 0)
    rates[simt::block()] = factors->learning_rate * part.rate *
                           (plain ? 1 : std::sqrt(w_squares) / std::sqrt(u_squares));
}

template <class F>
struct SubtractPack {
  template <int N>
  SIMT_DEVICE void operator()(Width<N>, int64_t i) const {
    F w[N], u[N];
    load_pack<N>(w, value + i);
    load_pack<N>(u, update + i);
#pragma unroll
    for (int k = 0; k < N; ++k) w[k] -= rate * u[k];
    store_pack<N>(value + i, w, Grad::kAssign);
  }
  F* value;
  const F* update;
  F rate;
};

template <class F>
SIMT_KERNEL(kThreads)
subtract_kernel(Update<F> on, const F* update, const double* rates) {
  const Factors<F> by(*on.factors);
  if (by.none()) return;
  const Block block = on.blocks[simt::block()];
  for_block<F>(block, on.packs,
               SubtractPack<F>{on.w, update, static_cast<F>(rates[block.parameter])});
}

template <class F>
void lamb(const Stream& s, Update<F> on, F* update, double* partials, double* rates, int64_t blocks,
          int64_t parts) {
  constexpr size_t kScratch = kMaxWarps * sizeof(double);
  on.packs = on.packs && packs_fit<F>(kPack<F>, update);
  simt::launch(s, {blocks, kThreads, kScratch}, lamb_kernel<F>, on, update, partials);
  simt::launch(s, {parts, kThreads, kScratch}, lamb_rate_kernel, rates,
               static_cast<const double*>(partials), on.parts, on.factors);
  simt::launch(s, {blocks, kThreads}, subtract_kernel<F>, on, static_cast<const F*>(update),
               static_cast<const double*>(rates));
}

template <class F>
void adamw(const Stream& s, const Update<F>& on, int64_t blocks) {
  simt::launch(s, {blocks, kThreads}, adamw_kernel<F>, on);
}

template <class F>
struct AveragePack {
  template <int N>
  SIMT_DEVICE void operator()(Width<N>, int64_t i) const {
    F a[N], w[N];
    load_pack<N>(a, average + i);
    load_pack<N>(w, value + i);
#pragma unroll
    for (int k = 0; k < N; ++k) a[k] += share * (w[k] - a[k]);
    store_pack<N>(average + i, a, Grad::kAssign);
  }
  F* average;
  const F* value;
  F share;
};

template <class F>
SIMT_KERNEL(kThreads)
average_kernel(F* average, const F* value, const UpdateFactors* factors, int64_t n, F share,
               bool packs) {
  if (Factors<F>(*factors).none()) return;
  const int64_t begin = simt::block() * kUpdateBlock;
  const Block block{begin, begin + kUpdateBlock < n ? begin + kUpdateBlock : n, 0};
  for_block<F>(block, packs, AveragePack<F>{average, value, share});
}

template <class F>
void average_all(const Stream& s, Tensor average, Tensor value, Tensor factors, double decay) {
  F* const to = data<F>(average);
  const F* const from = data<const F>(value);
  const int64_t n = value.shape.size();
  simt::launch(s, {blocks_of(n, kUpdateBlock), kThreads}, average_kernel<F>, to, from,
               static_cast<const UpdateFactors*>(factors.data), n, static_cast<F>(1 - decay),
               packs_fit<F>(kPack<F>, to, from));
}

}  // namespace

void moving_average(Stream s, Tensor average, Tensor value, Tensor factors, double decay) {
  if (value.dtype == DType::kF32) return average_all<float>(s, average, value, factors, decay);
  average_all<double>(s, average, value, factors, decay);
}

void adamw_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, Tensor factors,
                  const UpdateTable& table, const AdamRule& rule) {
  const int64_t blocks = table.blocks.shape[0];
  if (value.dtype == DType::kF32)
    return adamw(s, update_of<float>(value, m, v, gradient, factors, table, rule), blocks);
  adamw(s, update_of<double>(value, m, v, gradient, factors, table, rule), blocks);
}

void lamb_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, Tensor factors,
                 Tensor update, Tensor partials, Tensor rates, const UpdateTable& table,
                 const AdamRule& rule) {
  auto *const sums = data<double>(partials), *const rate = data<double>(rates);
  const int64_t blocks = partials.shape[0], parts = rates.shape[0];
  if (value.dtype == DType::kF32)
    return lamb(s, update_of<float>(value, m, v, gradient, factors, table, rule),
                data<float>(update), sums, rate, blocks, parts);
  lamb(s, update_of<double>(value, m, v, gradient, factors, table, rule), data<double>(update),
       sums, rate, blocks, parts);
}

}  // namespace albert::kernels::cuda
