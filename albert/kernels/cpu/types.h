#pragma once
// Shared by the loops of this folder, which are compiled once per instruction set into the
// namespace cpu::ALBERT_CPU_ISA. Everything here lives in that namespace too: otherwise the linker
// could keep the copy of an inline function that was compiled for AVX-512, and use it everywhere.
#include "albert/kernels/cpu/parallel.h"
#include "albert/kernels/dispatch.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {

template <class F>
struct AccumulatorOf {
  using type = float;
};
template <>
struct AccumulatorOf<double> {
  using type = double;
};
template <class F>
using Acc = typename AccumulatorOf<F>::type;  // the type in which sums over F are kept

template <class T>
struct Tag {
  using type = T;
};

// The elements of an operand whose dtype the entry point has checked.
template <class T>
inline T* data(const Tensor& t) {
  return static_cast<T*>(t.data);
}

// Calls body(begin, end) for the blocks of `block` elements that cover [0, n), shared by the
// stream's threads.
template <class Body>
inline void parallel_blocks(const Stream& s, int64_t n, int64_t block, const Body& body) {
  parallel_for(s, blocks_of(n, block),
               [&](int64_t b) { body(b * block, std::min(n, (b + 1) * block)); });
}

// A block size for parallel_blocks over rows of `cols` elements: some microseconds of work.
inline int64_t rows_per_task(int64_t cols) {
  return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, cols));
}

// Calls f(Tag<F>{}) for a float type the entry point has checked: f32, f64 or bf16.
template <class Function>
inline void for_float(DType t, Function&& f) {
  if (t == DType::kF32) return f(Tag<float>{});
  if (t == DType::kF64) return f(Tag<double>{});
  f(Tag<BFloat16>{});
}

template <class F>
inline Acc<F> load(const F& x) {
  return static_cast<Acc<F>>(x);
}

template <class F>
inline void store(F& destination, Acc<F> value, Grad mode) {
  if (mode == Grad::kAssign) destination = static_cast<F>(value);
  if (mode == Grad::kAdd) destination = static_cast<F>(load(destination) + value);
}

// Compilers do not vectorise a simd loop that stores bf16. Such a loop therefore writes its n
// results to staged(destination, buffer), which is the destination itself unless that is bf16, and
// write_staged() then copies them from the buffer to the destination.
template <class F>
inline Acc<F>* staged(F* destination, Acc<F>* buffer) {
  if constexpr (sizeof(F) == sizeof(Acc<F>))
    return destination;
  else
    return buffer;
}
template <class F>
inline void write_staged(F* destination, const Acc<F>* buffer, int64_t n) {
  if constexpr (sizeof(F) != sizeof(Acc<F>))
    for (int64_t i = 0; i < n; ++i) destination[i] = static_cast<F>(buffer[i]);
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
