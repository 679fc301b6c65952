#pragma once
// cuBLASLt's matmuls on a fake of the library.
#include <memory>
#include <string>
#include <vector>

#include "albert/kernels/cuda/cublas/context.h"
#include "albert/kernels/emulator/fake_cublas.h"
#include "tests/support/matmul_cases.h"

namespace albert::testing {

// A context on a library of its own.
struct Cublas {
  explicit Cublas(const std::string& file = "", size_t version = 130100,
                  size_t workspace_bytes = 1024)
      : workspace(workspace_bytes) {
    library.version = version;
    context = std::make_unique<kernels::CublasContext>(
        library.functions(), kernels::CublasOptions{false, "a GPU", file});
  }
  kernels::Stream stream() const {
    kernels::Stream s{.device = Device::kCuda};
    s.cublas = context.get();
    s.workspace = const_cast<std::byte*>(workspace.data());
    s.workspace_bytes = workspace.size();
    return s;
  }
  std::vector<std::byte> workspace;
  kernels::simt::FakeCublas library;
  std::unique_ptr<kernels::CublasContext> context;
};

// One matmul of x [m, k] and w [n, k] or [k, n] with all operands an epilogue may have.
struct Fused {
  explicit Fused(DType t, bool transpose = true)
      : matmul{m, n, k, false, transpose, t, t},
        a(TestTensor::random(t, {m, k}, 1)),
        b(TestTensor::random(t, transpose ? Shape{n, k} : Shape{k, n}, 2)),
        bias(TestTensor::random(t, {n}, 3)),
        aux(TestTensor::random(t, {m, n}, 4)),
        c(t, {m, n}) {
    c = c.poisoned();
    sums = matmul_oracle(c, a, b, {false, transpose});
  }
  bool run(Cublas& cublas, uint32_t epilogue) {
    matmul.epilogue = epilogue;
    const kernels::CublasOperands operands{
        c.tensor().data, a.tensor().data, b.tensor().data,
        epilogue & (kernels::cublas_lt::kBias | 16) ? bias.tensor().data : nullptr,
        epilogue & kernels::cublas_lt::kAux ? aux.tensor().data : nullptr};
    return cublas.context->run(matmul, operands, cublas.stream());
  }
  double sum(size_t i, bool with_bias) const {
    return sums[i] + (with_bias ? bias.get(static_cast<int64_t>(i) % n) : 0);
  }

  static constexpr int64_t m = 5, n = 24, k = 7;
  kernels::CublasMatmul matmul;
  TestTensor a, b, bias, aux, c;
  std::vector<double> sums;
};

}  // namespace albert::testing
