// libcublasLt as a library to open, of the fake for its functions.
#include <functional>

#include "albert/kernels/emulator/emulator.h"
#include "albert/kernels/emulator/fake_cublas.h"

using namespace albert::kernels::cublas_lt;  // NOLINT: C's names below are its own

namespace {

const Functions& fake() {
  using albert::kernels::simt::FakeCublas;
  static FakeCublas library([](void* queue, std::function<void()> work) {
    static_cast<albert::kernels::simt::Queue*>(queue)->submitter->submit(std::move(work));
  });
  static const Functions functions = library.functions();
  return functions;
}

}  // namespace

extern "C" {

size_t cublasLtGetVersion() { return fake().get_version(); }
const char* cublasLtGetStatusString(Status s) { return fake().get_status_string(s); }
Status cublasLtCreate(Handle* h) { return fake().create(h); }
Status cublasLtDestroy(Handle h) { return fake().destroy(h); }
Status cublasLtMatmulDescCreate(Desc* d, ComputeType c, DataType s) {
  return fake().matmul_desc_create(d, c, s);
}
Status cublasLtMatmulDescDestroy(Desc d) { return fake().matmul_desc_destroy(d); }
Status cublasLtMatmulDescSetAttribute(Desc d, DescAttribute a, const void* v, size_t n) {
  return fake().matmul_desc_set_attribute(d, a, v, n);
}
Status cublasLtMatrixLayoutCreate(Layout* l, DataType t, uint64_t rows, uint64_t cols,
                                  int64_t stride) {
  return fake().matrix_layout_create(l, t, rows, cols, stride);
}
Status cublasLtMatrixLayoutDestroy(Layout l) { return fake().matrix_layout_destroy(l); }
Status cublasLtMatmulPreferenceCreate(Preference* p) { return fake().matmul_preference_create(p); }
Status cublasLtMatmulPreferenceDestroy(Preference p) { return fake().matmul_preference_destroy(p); }
Status cublasLtMatmulPreferenceSetAttribute(Preference p, PreferenceAttribute a, const void* v,
                                            size_t n) {
  return fake().matmul_preference_set_attribute(p, a, v, n);
}
Status cublasLtMatmulAlgoGetHeuristic(Handle h, Desc desc, Layout a, Layout b, Layout c, Layout d,
                                      Preference p, int wanted, HeuristicResult* r, int* found) {
  return fake().matmul_algo_get_heuristic(h, desc, a, b, c, d, p, wanted, r, found);
}
Status cublasLtMatmulAlgoCheck(Handle h, Desc desc, Layout a, Layout b, Layout c, Layout d,
                               const Algo* algo, HeuristicResult* r) {
  return fake().matmul_algo_check(h, desc, a, b, c, d, algo, r);
}
Status cublasLtMatmul(Handle h, Desc desc, const void* alpha, const void* a, Layout la,
                      const void* b, Layout lb, const void* beta, const void* c, Layout lc, void* d,
                      Layout ld, const Algo* algo, void* workspace, size_t bytes, void* stream) {
  return fake().matmul(h, desc, alpha, a, la, b, lb, beta, c, lc, d, ld, algo, workspace, bytes,
                       stream);
}

}  // extern "C"
