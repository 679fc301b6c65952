// Checks lt.h against NVIDIA's header at compile time, in builds with CUDA. It adds no code.
#include "albert/kernels/cuda/cublas/lt.h"

#include <cublasLt.h>

#include <functional>
#include <type_traits>

namespace albert::kernels::cublas_lt {

static_assert(int(kSuccess) == CUBLAS_STATUS_SUCCESS &&
              int(kNotInitialized) == CUBLAS_STATUS_NOT_INITIALIZED);
static_assert(int(kInvalidValue) == CUBLAS_STATUS_INVALID_VALUE &&
              int(kNotSupported) == CUBLAS_STATUS_NOT_SUPPORTED);
static_assert(int(kR32F) == CUDA_R_32F && int(kR64F) == CUDA_R_64F && int(kR16F) == CUDA_R_16F &&
              int(kR16BF) == CUDA_R_16BF);
static_assert(int(kCompute32F) == CUBLAS_COMPUTE_32F && int(kCompute64F) == CUBLAS_COMPUTE_64F &&
              int(kComputeTf32) == CUBLAS_COMPUTE_32F_FAST_TF32);
static_assert(int(kPlain) == CUBLAS_OP_N && int(kTransposed) == CUBLAS_OP_T);

static_assert(int(kDefault) == CUBLASLT_EPILOGUE_DEFAULT && int(kRelu) == CUBLASLT_EPILOGUE_RELU &&
              int(kBias) == CUBLASLT_EPILOGUE_BIAS &&
              int(kReluBias) == CUBLASLT_EPILOGUE_RELU_BIAS);
static_assert(int(kGelu) == CUBLASLT_EPILOGUE_GELU &&
              int(kGeluBias) == CUBLASLT_EPILOGUE_GELU_BIAS &&
              int(kGeluAux) == CUBLASLT_EPILOGUE_GELU_AUX &&
              int(kGeluAuxBias) == CUBLASLT_EPILOGUE_GELU_AUX_BIAS);
static_assert(int(kDGelu) == CUBLASLT_EPILOGUE_DGELU &&
              int(kDGeluBiasGradient) == CUBLASLT_EPILOGUE_DGELU_BGRAD);

static_assert(int(kTransposeA) == CUBLASLT_MATMUL_DESC_TRANSA &&
              int(kTransposeB) == CUBLASLT_MATMUL_DESC_TRANSB &&
              int(kEpilogue) == CUBLASLT_MATMUL_DESC_EPILOGUE &&
              int(kBiasPointer) == CUBLASLT_MATMUL_DESC_BIAS_POINTER);
static_assert(int(kAuxPointer) == CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER &&
              int(kAuxStride) == CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD);
static_assert(int(kMaxWorkspaceBytes) == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES &&
              int(kReductionSchemeMask) == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK &&
              kReductionInComputeType == CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
static_assert(int(kMinAlignmentA) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES &&
              int(kMinAlignmentB) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES &&
              int(kMinAlignmentC) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES &&
              int(kMinAlignmentD) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);

static_assert(sizeof(Algo) == sizeof(cublasLtMatmulAlgo_t));
static_assert(sizeof(HeuristicResult) == sizeof(cublasLtMatmulHeuristicResult_t) &&
              offsetof(HeuristicResult, workspace_bytes) ==
                  offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize) &&
              offsetof(HeuristicResult, state) == offsetof(cublasLtMatmulHeuristicResult_t, state));

// Each of the library's functions takes as many arguments as ours, of the same sizes; many are
// pointers, whose own size is meant.
template <class... Ours>
constexpr size_t sizes(std::function<Status(Ours...)> Functions::*) {
  size_t sum = 0;
  ((sum = sum * 31 + sizeof(Ours)), ...);  // NOLINT(bugprone-sizeof-expression)
  return sum;
}
template <class... Theirs>
constexpr size_t sizes(cublasStatus_t (*)(Theirs...)) {
  size_t sum = 0;
  ((sum = sum * 31 + sizeof(Theirs)), ...);  // NOLINT(bugprone-sizeof-expression)
  return sum;
}
static_assert(sizes(&Functions::create) == sizes(&cublasLtCreate) &&
              sizes(&Functions::destroy) == sizes(&cublasLtDestroy));
static_assert(sizes(&Functions::matmul_desc_create) == sizes(&cublasLtMatmulDescCreate) &&
              sizes(&Functions::matmul_desc_destroy) == sizes(&cublasLtMatmulDescDestroy) &&
              sizes(&Functions::matmul_desc_set_attribute) ==
                  sizes(&cublasLtMatmulDescSetAttribute));
static_assert(sizes(&Functions::matrix_layout_create) == sizes(&cublasLtMatrixLayoutCreate) &&
              sizes(&Functions::matrix_layout_destroy) == sizes(&cublasLtMatrixLayoutDestroy));
static_assert(sizes(&Functions::matmul_preference_create) ==
                  sizes(&cublasLtMatmulPreferenceCreate) &&
              sizes(&Functions::matmul_preference_destroy) ==
                  sizes(&cublasLtMatmulPreferenceDestroy) &&
              sizes(&Functions::matmul_preference_set_attribute) ==
                  sizes(&cublasLtMatmulPreferenceSetAttribute));
static_assert(sizes(&Functions::matmul_algo_get_heuristic) ==
                  sizes(&cublasLtMatmulAlgoGetHeuristic) &&
              sizes(&Functions::matmul_algo_check) == sizes(&cublasLtMatmulAlgoCheck) &&
              sizes(&Functions::matmul) == sizes(&cublasLtMatmul));

}  // namespace albert::kernels::cublas_lt
