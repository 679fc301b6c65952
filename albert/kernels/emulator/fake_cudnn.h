#pragma once
// cuDNN's attention for tests, in plain loops over its own description of the operands: offsets,
// lengths, strides.
#include <functional>
#include <set>

#include "albert/kernels/cuda/cudnn/context.h"

namespace albert::kernels::simt {

class FakeCudnn final : public CudnnContext {
 public:
  using Submit = std::function<void(void* queue, std::function<void()> work)>;
  explicit FakeCudnn(Submit submit) : submit_(std::move(submit)) {}

  // As the library, which builds a graph for every problem it has not seen.
  size_t workspace_bytes(const CudnnProblem& problem) override;
  // Overwrites its workspace; refuses a problem whose graph was not built before.
  void run(const CudnnProblem& problem, const CudnnOperands& operands, void* workspace,
           void* queue) override;

  const std::set<CudnnProblem>& graphs() const { return graphs_; }
  int runs() const { return runs_; }  // submitted, not replayed

 private:
  Submit submit_;
  std::set<CudnnProblem> graphs_;
  int runs_ = 0;
};

}  // namespace albert::kernels::simt
