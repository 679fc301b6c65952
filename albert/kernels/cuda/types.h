#pragma once
// Shared by the CUDA kernels: element types, loads and stores of 128 bits, operands of a launch.
#include <algorithm>
#include <cstring>

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
// Error(kNoDevice) for f64 on a GPU, and on an emulated one that stands for it.
template <class Function>
inline void for_float(DType t, Function&& f) {
  if (t == DType::kF32) return f(Tag<float>{});
  if (t == DType::kBF16) return f(Tag<BFloat16>{});
  if (t == DType::kF16) return f(Tag<Float16>{});
#if !defined(__CUDACC__)
  if (simt::emulator::computes_f64()) return f(Tag<double>{});
#endif
  fail(ErrorCode::kNoDevice, "f64 runs on the CPU only: --device cpu");
}

template <class F>
constexpr bool kIsHalf = sizeof(F) == 2;  // BFloat16 or Float16

template <class F>
SIMT_DEVICE Acc<F> load(const F& x) {
  if constexpr (kIsHalf<F>)
    return simt::to_float(x);
  else
    return x;
}

// Rounds a sum to F.
template <class F>
SIMT_DEVICE F rounded(Acc<F> value) {
  if constexpr (kIsHalf<F>)
    return simt::round_to<F>(value);
  else
    return value;
}

template <class F>
SIMT_DEVICE void store(F& destination, Acc<F> value, Grad mode) {
  if (mode == Grad::kAssign) destination = rounded<F>(value);
  if (mode == Grad::kAdd) destination = rounded<F>(load(destination) + value);
}

// N elements that are read and written in accesses of up to 16 bytes. Halves are converted in
// pairs.
template <class F, int N>
struct alignas(sizeof(F) * N < 16 ? sizeof(F) * N : 16) Pack {
  static constexpr bool kPairs = kIsHalf<F> && N % 2 == 0;

  SIMT_DEVICE void get(Acc<F> (&to)[N]) const {
    if constexpr (kPairs) {
#pragma unroll
      for (int i = 0; i < N; i += 2) {
        uint32_t pair;
        std::memcpy(&pair, &element[i], sizeof pair);
        simt::pair_to_floats<F>(to[i], to[i + 1], pair);
      }
    } else {
#pragma unroll
      for (int i = 0; i < N; ++i) to[i] = load(element[i]);
    }
  }
  SIMT_DEVICE void set(const Acc<F> (&from)[N]) {
    if constexpr (kPairs) {
#pragma unroll
      for (int i = 0; i < N; i += 2) {
        const uint32_t pair = simt::round_pair_to<F>(from[i], from[i + 1]);
        std::memcpy(static_cast<void*>(&element[i]), &pair, sizeof pair);
      }
    } else {
#pragma unroll
      for (int i = 0; i < N; ++i) element[i] = rounded<F>(from[i]);
    }
  }

  F element[N];
};

template <int N, class F>
SIMT_DEVICE Pack<F, N> pack_at(const F* from) {
  return *reinterpret_cast<const Pack<F, N>*>(from);
}

template <class F, int N>
SIMT_DEVICE void put_pack(F* to, const Pack<F, N>& pack) {
  *reinterpret_cast<Pack<F, N>*>(to) = pack;
}

template <int N, class F>
SIMT_DEVICE void load_pack(Acc<F> (&to)[N], const F* from) {
  pack_at<N>(from).get(to);
}

template <int N, class F>
SIMT_DEVICE void store_pack(F* to, const Acc<F> (&from)[N], Grad mode) {
  if (mode == Grad::kIgnore) return;
  Pack<F, N> pack;
  if (mode == Grad::kAdd) {
    Acc<F> sum[N];
    load_pack<N>(sum, to);
#pragma unroll
    for (int i = 0; i < N; ++i) sum[i] += from[i];
    pack.set(sum);
  } else {
    pack.set(from);
  }
  put_pack(to, pack);
}

template <class F>
constexpr int kPack = static_cast<int>(16 / sizeof(F));  // elements of 128 bits

// True if rows of `cols` elements can be read in packs of N, whose accesses are of 16 bytes: every
// row must begin at a multiple of them. An absent operand always fits.
template <int N, class... Pointers>
inline bool columns_fit(int64_t cols, const Pointers*... rows) {
  return cols % N == 0 && (... && (reinterpret_cast<uintptr_t>(rows) % 16 == 0));
}
template <class F, class... Pointers>
inline bool packs_fit(int64_t cols, const Pointers*... rows) {
  return columns_fit<kPack<F>>(cols, rows...);
}

template <int N>
struct Width {
  static constexpr int value = N;
};

// Calls f(Width<N>{}) if packs of N fit, else f(Width<1>{}).
template <int N, class Function>
inline void for_columns(bool fit, const Function& f) {
  if (fit) return f(Width<N>{});
  f(Width<1>{});
}
template <class F, class Function>
inline void for_width(bool fit, const Function& f) {
  for_columns<kPack<F>>(fit, f);
}

}  // namespace albert::kernels::cuda
