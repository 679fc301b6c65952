#pragma once
#include <map>
#include <memory>
#include <string>

#include "albert/heads/pretrained_model.h"
#include "albert/kernels/profile.h"

namespace albert::bench {

// Measures the most that this machine reaches with its best library alone. Each shape is measured
// once.
class Ceiling {
 public:
  virtual ~Ceiling() = default;

  virtual std::string library() const = 0;         // "oneDNN"
  virtual kernels::MatmulShape large() const = 0;  // a square matmul that reaches the highest rate
  virtual double copy_bytes() = 0;  // read and written per second, outside of the caches

  double matmul_flops(const kernels::MatmulShape& shape);  // per second
  double best_flops() { return matmul_flops(large()); }

  // Returns the seconds that the matmuls of a profile would take at the rates of their shapes.
  double seconds_of(const std::map<kernels::MatmulShape, kernels::KernelUse>& matmuls);

 private:
  virtual double rate_of(const kernels::MatmulShape& shape) = 0;

  std::map<kernels::MatmulShape, double> rates_;
};

// The CPU's ceiling is oneDNN on all threads, each operand in its preferred layout. A GPU's is
// cuBLASLt on plain operands, and our widest copy. A measurement takes five times `seconds` or
// more.
std::unique_ptr<Ceiling> make_ceiling(const ModelOptions& device, double seconds);
std::unique_ptr<Ceiling> make_cpu_ceiling(int threads, double seconds);
std::unique_ptr<Ceiling> make_backend_ceiling(std::unique_ptr<kernels::Backend> backend,
                                              Precision precision, double seconds);

}  // namespace albert::bench
