#include "albert/kernels/global_norm.h"
#include "albert/kernels/cpu/types.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

template <class F>
double squares(const F* x, int64_t n) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

}  // namespace

void sum_of_squares(Stream s, Tensor total, Tensor partials, Tensor x) {
  auto* partial = data<double>(partials);
  const int64_t n = x.shape.size();
  parallel_blocks(s, n, kNormBlock, [=](int64_t begin, int64_t end) {
    partial[begin / kNormBlock] = x.dtype == DType::kF32
                                      ? squares(data<const float>(x) + begin, end - begin)
                                      : squares(data<const double>(x) + begin, end - begin);
  });
  double sum = 0;
  for (int64_t b = 0; b < blocks_of(n, kNormBlock); ++b) sum += partial[b];
  *data<double>(total) = sum;
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
