#pragma once
// cuBLASLt behind one class, for matmul.cpp and the backends.
#include <map>
#include <memory>
#include <vector>

#include "albert/kernels/cuda/cublas/choices.h"
#include "albert/kernels/cuda/cublas/matmul.h"
#include "albert/kernels/cuda/cublas/tuning.h"
#include "albert/kernels/stream.h"

namespace albert::kernels {

struct CublasOptions {
  bool tf32 = false;                        // f32 matmuls round their operands to TF32
  std::string gpu;                          // "NVIDIA H200": choices are kept by it
  std::filesystem::path choices_file = {};  // empty: none are kept
  // Times the candidates of every matmul once and keeps the fastest in the file, from which other
  // runs take it, too, and so get the same bits; none where the file cannot be written, or absent.
  std::optional<CublasTuning> tuning = {};
};

// Row-major operands of one matmul.
struct CublasOperands {
  void* c = nullptr;
  const void *a = nullptr, *b = nullptr;
  void* bias = nullptr;  // [n] in c's type: read; written by kDGeluBiasGradient
  void* aux = nullptr;   // [m, n] in c's type: written by kAux, read by kDGelu
  bool accumulate = false;
};

// The library, its descriptors and choices by shape. Used by one thread, as its stream is. Nothing
// is allocated on the GPU, so matmuls may be recorded.
class CublasContext {
 public:
  CublasContext(cublas_lt::Functions library, CublasOptions options);  // Error(kNoDevice)
  ~CublasContext();
  CublasContext(const CublasContext&) = delete;
  CublasContext& operator=(const CublasContext&) = delete;

  bool tf32() const { return options_.tf32; }

  // Queues the matmul on a stream; `matmul.alignment` and its workspace are taken from operands and
  // stream. False, and nothing is queued, where cuBLASLt does not offer the epilogue; a plain
  // matmul it does not offer is Error(kInternal).
  bool run(CublasMatmul matmul, const CublasOperands& operands, const Stream& s);

 private:
  struct Plan;
  Plan& plan_of(const CublasMatmul& matmul, const CublasOperands& operands, const Stream& s);
  std::unique_ptr<Plan> make_plan(const CublasMatmul& matmul, const CublasOperands& operands,
                                  const Stream& s);
  cublas_lt::Status queue(const Plan& plan, const cublas_lt::Algo& algo, const CublasMatmul& matmul,
                          const CublasOperands& operands, const Stream& s);
  void choose(Plan& plan, const CublasMatmul& matmul, const CublasOperands& operands,
              const Stream& s);
  std::vector<cublas_lt::Algo> candidates_of(const Plan& plan, const CublasMatmul& matmul) const;
  std::optional<cublas_lt::Algo> fastest_of(const std::vector<cublas_lt::Algo>& candidates,
                                            const Plan& plan, const CublasMatmul& matmul,
                                            CublasOperands operands, const Stream& s);
  bool usable(const Plan& plan, const CublasMatmul& matmul, const cublas_lt::Algo& algo) const;
  void check(cublas_lt::Status status, const char* what) const;

  cublas_lt::Functions library_;
  CublasOptions options_;
  cublas_lt::Handle handle_ = nullptr;
  CublasChoices choices_;
  std::map<CublasMatmul, std::unique_ptr<Plan>> plans_;
};

}  // namespace albert::kernels
