#include "albert/kernels/cpu/types.h"
#include "albert/kernels/matmul.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

// So many columns of c stay in registers or L1 while the inner dimension is summed.
constexpr int64_t kColumns = 64;

}  // namespace

void matmul_f64(Stream s, Tensor c, Tensor a, Tensor b, const Matmul& options) {
  const int64_t m = c.shape[0], n = c.shape[1], k = a.shape[options.transpose_a ? 0 : 1];
  const int64_t a_row = options.transpose_a ? 1 : k, a_inner = options.transpose_a ? m : 1;
  const int64_t b_inner = options.transpose_b ? 1 : n, b_column = options.transpose_b ? k : 1;
  const double *pa = data<double>(a), *pb = data<double>(b);
  double* pc = data<double>(c);
  parallel_for(s, m, [=](int64_t i) {
    for (int64_t begin = 0; begin < n; begin += kColumns) {
      const int64_t columns = n - begin < kColumns ? n - begin : kColumns;
      double sum[kColumns] = {};
      for (int64_t l = 0; l < k; ++l) {
        const double x = pa[i * a_row + l * a_inner];
#pragma omp simd
        for (int64_t j = 0; j < columns; ++j)
          sum[j] += x * pb[l * b_inner + (begin + j) * b_column];
      }
      for (int64_t j = 0; j < columns; ++j)
        pc[i * n + begin + j] = options.accumulate ? pc[i * n + begin + j] + sum[j] : sum[j];
    }
  });
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
