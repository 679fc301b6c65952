#include "albert/kernels/cuda/cublas/lt.h"

#include "albert/kernels/cuda/runtime/library.h"

namespace albert::kernels::cublas_lt {
namespace {

template <class Signature>
void take(std::function<Signature>& function, const CudaLibrary& library, const char* name) {
  function = library.function<Signature>(name);
}

}  // namespace

Functions functions_of(const CudaLibrary& library) {
  Functions f;
  take(f.get_version, library, "cublasLtGetVersion");
  take(f.get_status_string, library, "cublasLtGetStatusString");
  take(f.create, library, "cublasLtCreate");
  take(f.destroy, library, "cublasLtDestroy");
  take(f.matmul_desc_create, library, "cublasLtMatmulDescCreate");
  take(f.matmul_desc_destroy, library, "cublasLtMatmulDescDestroy");
  take(f.matmul_desc_set_attribute, library, "cublasLtMatmulDescSetAttribute");
  take(f.matrix_layout_create, library, "cublasLtMatrixLayoutCreate");
  take(f.matrix_layout_destroy, library, "cublasLtMatrixLayoutDestroy");
  take(f.matmul_preference_create, library, "cublasLtMatmulPreferenceCreate");
  take(f.matmul_preference_destroy, library, "cublasLtMatmulPreferenceDestroy");
  take(f.matmul_preference_set_attribute, library, "cublasLtMatmulPreferenceSetAttribute");
  take(f.matmul_algo_get_heuristic, library, "cublasLtMatmulAlgoGetHeuristic");
  take(f.matmul_algo_check, library, "cublasLtMatmulAlgoCheck");
  take(f.matmul, library, "cublasLtMatmul");
  return f;
}

}  // namespace albert::kernels::cublas_lt
