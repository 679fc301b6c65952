#pragma once
#include <map>
#include <string>
#include <vector>

#include "albert/kernels/call_observer.h"
#include "apps/bench/gpu_model.h"

namespace albert::bench {

struct Cost {
  double calls = 0, bytes = 0, flops = 0, seconds = 0;
};

// Adds up the bytes, operations and seconds of the calls it observes, as a GPU would need them. It
// observes a dry run to predict the time of a step.
class CallCosts final : public kernels::CallObserver {
 public:
  explicit CallCosts(const Gpu& gpu) : gpu_(gpu) {}

  // The sequences that the next attention calls work on.
  void set_lengths(std::vector<int64_t> lengths);
  void call(const char* kernel) override;
  void operand(const Tensor& tensor) override { items_.push_back({tensor, 0}); }
  void attribute(uint64_t bits) override { items_.push_back({{}, bits}); }

  // Call this after the last call. Error(kInternal) for a kernel without a row in the table of
  // call_costs.cpp.
  void finish();

  const std::map<std::string, Cost>& kernels() const { return kernels_; }
  const std::map<kernels::MatmulShape, Cost>& matmuls() const {
    return matmuls_;
  }  // the matmuls among them
  Cost total() const;

 private:
  struct Item {
    Tensor tensor;
    uint64_t attribute;
  };
  double bytes_of_operands() const;
  void add_matmul(const kernels::MatmulShape& shape, bool accumulate);
  void add_linear(size_t x_at);
  void add_linear_backward();
  void add_matmul();
  void add_attention();

  Gpu gpu_;
  std::vector<int64_t> lengths_;
  std::string kernel_;
  std::vector<Item> items_;
  std::map<std::string, Cost> kernels_;
  std::map<kernels::MatmulShape, Cost> matmuls_;
};

}  // namespace albert::bench
