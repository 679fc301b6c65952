#pragma once
#include "albert/trainer/parallel/communicator.h"

namespace albert {

// One process alone: every sum is what it was.
class SelfCommunicator final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void sum(const kernels::Stream&, Tensor) override {}
  void exchange(std::span<const ConstBytes>, std::span<const Bytes>) override {}
  void abort(const Error&) noexcept override {}
};

}  // namespace albert
