#pragma once
// Shared by the CUDA kernels: element types, loads and stores of 128 bits, operands of a launch.
#include <algorithm>

#include "albert/kernels/blocks.h"
#include "albert/kernels/cuda/simt/simt.h"
#include "albert/kernels/dispatch.h"

namespace albert::kernels::cuda {

template <class F>
struct AccumulatorOf {
  using type = float;
};
template <>
struct AccumulatorOf<double> {
  using type = double;
};
template <class F>
using Acc = typename AccumulatorOf<F>::type;  // the type of sums over F

template <class T>
struct Tag {
  using type = T;
};

// Returns the elements of an operand whose dtype the entry point has checked.
template <class T>
inline T* data(const Tensor& t) {
  return static_cast<T*>(t.data);
}

// Calls f(Tag<F>{}) for a float type the entry point has checked. f64 serves to test the
// kernels in the emulator; on a GPU it would double compile time for no user.
template <class Function>
inline void for_float(DType t, Function&& f) {
  if (t == DType::kF32) return f(Tag<float>{});
  if (t == DType::kBF16) return f(Tag<BFloat16>{});
  if (t == DType::kF16) return f(Tag<Float16>{});
#if defined(__CUDACC__)
  fail(ErrorCode::kNoDevice, "f64 runs on the CPU only: --device cpu");
#else
  f(Tag<double>{});
#endif
}

template <class F>
SIMT_DEVICE Acc<F> load(const F& x) {
  return static_cast<Acc<F>>(x);
}

template <class F>
SIMT_DEVICE void store(F& destination, Acc<F> value, Grad mode) {
  if (mode == Grad::kAssign) destination = static_cast<F>(value);
  if (mode == Grad::kAdd) destination = static_cast<F>(load(destination) + value);
}

// N elements that are read and written at once.
template <class F, int N>
struct alignas(sizeof(F) * N) Pack {
  F element[N];
};

template <int N, class F>
SIMT_DEVICE void load_pack(Acc<F> (&to)[N], const F* from) {
  const Pack<F, N> pack = *reinterpret_cast<const Pack<F, N>*>(from);
#pragma unroll
  for (int i = 0; i < N; ++i) to[i] = load(pack.element[i]);
}

template <int N, class F>
SIMT_DEVICE void store_pack(F* to, const Acc<F> (&from)[N], Grad mode) {
  if (mode == Grad::kIgnore) return;
  Pack<F, N> pack{};
  if (mode == Grad::kAdd) pack = *reinterpret_cast<const Pack<F, N>*>(to);
#pragma unroll
  for (int i = 0; i < N; ++i) store(pack.element[i], from[i], mode);
  *reinterpret_cast<Pack<F, N>*>(to) = pack;
}

template <class F>
constexpr int kPack = static_cast<int>(16 / sizeof(F));  // elements of 128 bits

// True if rows of `cols` elements of F can be read in packs of kPack<F>: every row must begin at a
// multiple of 16 bytes. An absent operand always fits.
template <class F, class... Pointers>
inline bool packs_fit(int64_t cols, const Pointers*... rows) {
  return cols % kPack<F> == 0 && (... && (reinterpret_cast<uintptr_t>(rows) % 16 == 0));
}

template <int N>
struct Width {
  static constexpr int value = N;
};

// Calls f(Width<kPack<F>>{}) if packs fit, else f(Width<1>{}).
template <class F, class Function>
inline void for_width(bool packs, const Function& f) {
  if (packs) return f(Width<kPack<F>>{});
  f(Width<1>{});
}

}  // namespace albert::kernels::cuda
