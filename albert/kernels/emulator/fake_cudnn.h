#pragma once
// A fake of cuDNN's attention, for tests: plain loops that follow the offsets, lengths and strides
// they are given.
#include <functional>
#include <set>

#include "albert/kernels/cuda/cudnn/context.h"

namespace albert::kernels::simt {

class FakeCudnn final : public CudnnContext {
 public:
  using Submit = std::function<void(void* queue, std::function<void()> work)>;
  explicit FakeCudnn(Submit submit) : submit_(std::move(submit)) {}

  // Builds a graph for every problem that it has not seen, as the library does.
  size_t workspace_bytes(const CudnnProblem& problem) override;
  // Overwrites its workspace; refuses a problem whose graph was not built before.
  void run(const CudnnProblem& problem, const CudnnOperands& operands, void* workspace,
           void* queue) override;

  const std::set<CudnnProblem>& graphs() const { return graphs_; }
  int runs() const { return runs_; }  // runs that were submitted, without replays

 private:
  Submit submit_;
  std::set<CudnnProblem> graphs_;
  int runs_ = 0;
};

}  // namespace albert::kernels::simt
