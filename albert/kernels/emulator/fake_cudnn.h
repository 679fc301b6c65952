#pragma once
// A fake of cuDNN's attention, for tests: plain loops that follow the offsets, lengths and strides
// they are given.
#include <functional>

#include "albert/kernels/cuda/cudnn/graph_cache.h"

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

  void begin_capture() override { graphs_.begin_capture(); }
  std::shared_ptr<const void> end_capture() override { return graphs_.end_capture(); }

  // Tests set what backward wants, and count the graphs that were built and those that are kept.
  void set_workspace(size_t bytes) { workspace_ = bytes; }
  int built() const { return built_; }
  size_t kept() const { return graphs_.size(); }
  int runs() const { return runs_; }  // runs that were submitted, without replays

 private:
  struct Graph {};

  Submit submit_;
  GraphCache<Graph> graphs_{[] {}};
  size_t workspace_ = 768;
  int built_ = 0, runs_ = 0;
};

}  // namespace albert::kernels::simt
