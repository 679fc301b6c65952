#include "albert/kernels/cuda/loops.h"
#include "albert/kernels/global_norm.h"

namespace albert::kernels::cuda {
namespace {

template <class F>
SIMT_KERNEL(kThreads)
squares_kernel(double* partial, const F* x, int64_t n) {
  const int64_t begin = simt::block() * kNormBlock,
                end = begin + kNormBlock < n ? begin + kNormBlock : n;
  double sum = 0;
  for (int64_t i = begin + simt::thread(); i < end; i += kThreads) {
    const auto value = static_cast<double>(x[i]);
    sum += value * value;
  }
  sum = block_sum(sum, simt::shared<double>());
  if (simt::thread() == 0) partial[simt::block()] = sum;
}

template <class F>
void squares(const Stream& s, Tensor partials, Tensor x) {
  const int64_t n = x.shape.size();
  simt::launch(s, {blocks_of(n, kNormBlock), kThreads, kMaxWarps * sizeof(double)},
               squares_kernel<F>, data<double>(partials), data<const F>(x), n);
}

}  // namespace

void sum_of_squares(Stream s, Tensor total, Tensor partials, Tensor x) {
  x.dtype == DType::kF32 ? squares<float>(s, partials, x) : squares<double>(s, partials, x);
  scaled_sum(s, data<double>(total), data<const double>(partials), partials.shape.size(), {});
}

}  // namespace albert::kernels::cuda
