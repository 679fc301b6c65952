#pragma once
#include <span>

#include "albert/kernels/tensor.h"

namespace albert {

// Where the ranks of one job add up. Counts are summed before backward and divide the loss
// (LossOptions::count), the flat gradient buffer once after the last micro-batch: gradients of a
// shared layer are complete only then.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual void sum(std::span<double> values) = 0;
  virtual void sum(Tensor flat_gradients) = 0;
};

// One process alone.
class SelfCommunicator final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void sum(std::span<double>) override {}
  void sum(Tensor) override {}
};

}  // namespace albert
