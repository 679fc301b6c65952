#pragma once
// Matmuls as tests try them: by plain loops, and of many shapes.
#include "albert/kernels/matmul.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {

// What matmul must give, in plain f64 loops.
inline std::vector<double> matmul_oracle(const TestTensor& c, const TestTensor& a,
                                         const TestTensor& b, kernels::Matmul o) {
  const Shape sa = a.tensor().shape, sb = b.tensor().shape;
  const int64_t m = sa[o.transpose_a ? 1 : 0], k = sa[o.transpose_a ? 0 : 1],
                n = sb[o.transpose_b ? 0 : 1];
  std::vector<double> out = c.values();
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = o.accumulate ? out[static_cast<size_t>(i * n + j)] : 0;
      for (int64_t l = 0; l < k; ++l)
        sum += a.get(o.transpose_a ? l * m + i : i * k + l) *
               b.get(o.transpose_b ? j * k + l : l * n + j);
      out[static_cast<size_t>(i * n + j)] = sum;
    }
  return out;
}

struct MatmulCase {
  int64_t m, n, k;
};

// The last shape has two blocks of columns.
inline const std::vector<MatmulCase> kMatmulCases = {
    {1, 1, 1}, {3, 5, 7}, {63, 2, 33}, {129, 400, 31}, {200, 64, 600}, {385, 770, 16}};

// One shape, type and instruction set; a GPU has no such sets, and is tried once.
class MatmulTestOf : public ::testing::TestWithParam<std::tuple<DType, MatmulCase, kernels::Isa>> {
 protected:
  DType dtype() const { return std::get<0>(GetParam()); }
  MatmulCase shape() const { return std::get<1>(GetParam()); }
  kernels::Isa isa() const { return std::get<2>(GetParam()); }
  // Summing k matmuls of rounded inputs: f32 rounds each sum, bf16 the matmul and,
  // after the bias, the result, each by up to 2^-8 of its magnitude.
  double tolerance() const {
    const double k = static_cast<double>(shape().k);
    return dtype() == DType::kF64   ? 1e-15 * k + 1e-15
           : dtype() == DType::kF32 ? 6e-8 * std::sqrt(k) * 4
                                    : 1.0 / 128;
  }
};

inline auto all_matmuls() {
  return ::testing::Combine(::testing::ValuesIn(float_types()), ::testing::ValuesIn(kMatmulCases),
                            ::testing::ValuesIn(available_isas()));
}

}  // namespace albert::testing
