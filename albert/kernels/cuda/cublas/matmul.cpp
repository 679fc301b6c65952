#include "albert/kernels/cuda/cublas/matmul.h"

namespace albert::kernels {

std::string text_of(const CublasMatmul& p) {
  std::ostringstream out;
  out << p.m << ' ' << p.n << ' ' << p.k << ' ' << (p.transpose_a ? 't' : 'n') << ' '
      << (p.transpose_b ? 't' : 'n') << ' ' << p.in << ' ' << p.out << " tf32=" << p.tf32
      << " epilogue=" << p.epilogue << " align=" << p.alignment
      << " workspace=" << p.workspace_bytes;
  return out.str();
}

ColumnMajor column_major(const CublasMatmul& p) {
  const auto as_it_lies = [](int64_t rows, int64_t cols, bool transposed) {
    return transposed ? ColumnMajor::Matrix{rows, cols, true}
                      : ColumnMajor::Matrix{cols, rows, false};
  };
  return {
      as_it_lies(p.k, p.n, p.transpose_b), as_it_lies(p.m, p.k, p.transpose_a), {p.n, p.m, false}};
}

cublas_lt::DataType type_of(DType dtype) {
  switch (dtype) {
    case DType::kF32: return cublas_lt::kR32F;
    case DType::kF64: return cublas_lt::kR64F;
    case DType::kBF16: return cublas_lt::kR16BF;
    case DType::kF16: return cublas_lt::kR16F;
    default: fail(ErrorCode::kInternal, "cuBLASLt: a matmul of ", dtype);
  }
}

cublas_lt::ComputeType compute_type_of(const CublasMatmul& p) {
  if (p.in == DType::kF64) return cublas_lt::kCompute64F;
  return p.in == DType::kF32 && p.tf32 ? cublas_lt::kComputeTf32 : cublas_lt::kCompute32F;
}

std::optional<uint32_t> forward_epilogue(Activation activation, bool bias, bool keep) {
  const uint32_t with_bias = bias ? cublas_lt::kBias : 0U;
  if (activation == Activation::kGeluNew)
    return cublas_lt::kGelu | with_bias | (keep ? cublas_lt::kAux : 0U);
  if (keep) return std::nullopt;  // cuBLASLt's ReLU keeps only the sign
  if (activation == Activation::kIdentity) return bias ? cublas_lt::kBias : cublas_lt::kDefault;
  if (activation == Activation::kRelu) return cublas_lt::kRelu | with_bias;
  return std::nullopt;
}

std::optional<uint32_t> backward_epilogue(Activation activation, bool bias_gradient) {
  if (activation != Activation::kGeluNew) return std::nullopt;
  return bias_gradient ? cublas_lt::kDGeluBiasGradient : cublas_lt::kDGelu;
}

bool fits_aux(const void* matrix, int64_t cols) {
  return cols % 8 == 0 && reinterpret_cast<uintptr_t>(matrix) % 16 == 0;
}

int common_alignment(std::initializer_list<const void*> addresses) {
  uintptr_t bits = 256;
  for (const void* address : addresses) bits |= reinterpret_cast<uintptr_t>(address);
  return static_cast<int>(bits & ~(bits - 1));
}

}  // namespace albert::kernels
