#pragma once
#include <map>
#include <memory>
#include <string>

#include "albert/heads/pretrained_model.h"
#include "albert/kernels/profile.h"

namespace albert::bench {

// What the machine does at most, measured here and now by the best library it has, alone. Each
// shape is measured once.
class Ceiling {
 public:
  virtual ~Ceiling() = default;

  virtual std::string library() const = 0;         // "oneDNN"
  virtual kernels::MatmulShape large() const = 0;  // a square matmul that shows its best
  virtual double copy_bytes() = 0;  // read and written a second, from beyond the caches

  double matmul_flops(const kernels::MatmulShape& shape);  // a second
  double best_flops() { return matmul_flops(large()); }

  // Seconds that the matmuls of a profile would take at their own rates; `matmuls`: with flops
  // done.
  double seconds_of(const std::map<kernels::MatmulShape, kernels::KernelUse>& matmuls);

 private:
  virtual double rate_of(const kernels::MatmulShape& shape) = 0;

  std::map<kernels::MatmulShape, double> rates_;
};

// Of the CPU: oneDNN on all threads, each operand in the layout it likes best. Of a GPU: cuBLASLt
// on plain operands, and our widest copy. `seconds`: a measurement takes at least, five times over.
std::unique_ptr<Ceiling> make_ceiling(const ModelOptions& device, double seconds);
std::unique_ptr<Ceiling> make_cpu_ceiling(int threads, double seconds);
std::unique_ptr<Ceiling> make_backend_ceiling(std::unique_ptr<kernels::Backend> backend,
                                              Precision precision, double seconds);

}  // namespace albert::bench
