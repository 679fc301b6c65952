#pragma once
// Shared by the *_cpu.cpp files, which are compiled once per instruction set into cpu::ALBERT_CPU_ISA.
// Everything here lives in that namespace: a shared inline function compiled for AVX-512 could otherwise be the
// copy the linker keeps for all.
#include "kernels/dispatch.h"
#include "kernels/parallel.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {

template <class F> struct AccumulatorOf { using type = float; };
template <> struct AccumulatorOf<double> { using type = double; };
template <class F> using Acc = typename AccumulatorOf<F>::type;  // what F's sums are kept in

template <class T> struct Tag { using type = T; };

// Calls f(Tag<F>{}) for the tensor's float type: f32, f64 or bf16.
template <class Function>
inline void for_float(DType t, Function&& f) {
  if (t == DType::kF32) return f(Tag<float>{});
  if (t == DType::kF64) return f(Tag<double>{});
  if (t == DType::kBF16) return f(Tag<BFloat16>{});
  ALBERT_CHECK(false, "CPU kernels take f32, f64 or bf16, not ", t);
}

template <class F> inline Acc<F> load(const F& x) { return static_cast<Acc<F>>(x); }

template <class F>
inline void store(F& destination, Acc<F> value, Grad mode) {
  if (mode == Grad::kAssign) destination = static_cast<F>(value);
  if (mode == Grad::kAdd) destination = static_cast<F>(load(destination) + value);
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
