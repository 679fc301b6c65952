#pragma once
// A fake of cuBLASLt in plain loops, for tests. It takes our descriptors as the library does,
// refuses what the library would refuse, and computes column-major matmuls with their epilogues.
#include <functional>
#include <set>

#include "albert/kernels/cuda/cublas/lt.h"

namespace albert::kernels::simt {

class FakeCublas {
 public:
  using Submit = std::function<void(void* stream, std::function<void()> work)>;
  FakeCublas();                        // matmuls run at once
  explicit FakeCublas(Submit submit);  // or whenever `submit` runs them

  cublas_lt::Functions functions();  // call this object, which must outlive them

  // Tests set these.
  std::set<uint32_t> no_algorithm;  // epilogues that no algorithm is offered for
  std::set<uint32_t> no_kernel;     // epilogues that are offered and refused when they are run
  size_t version = 130100;
  // Tests read these.
  int heuristics = 0, checks = 0, matmuls = 0;
  uint64_t algorithm = 0;  // of the last matmul: 1 for the first candidate, 2 for the second
  int alive = 0;           // handles and descriptors not yet destroyed

 private:
  void add_descriptors(cublas_lt::Functions& f);
  void add_algorithms(cublas_lt::Functions& f);
  template <class T>
  cublas_lt::Status made(T* address, T value);
  template <class T>
  std::function<cublas_lt::Status(T)> destroyer();

  Submit submit_;
};

}  // namespace albert::kernels::simt
