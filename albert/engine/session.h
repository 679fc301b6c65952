#pragma once
#include <functional>
#include <list>

#include "albert/engine/step_signature.h"
#include "albert/engine/tape.h"
#include "albert/kernels/backend.h"

namespace albert {

// Runs programs on one backend, in memory that it plans exactly and allocates once. Where the
// backend can, a step that comes again with the same shapes is captured and from then on replayed
// (on a GPU: a CUDA graph).
class Session {
 public:
  explicit Session(const kernels::BackendOptions& options)
      : backend_(kernels::make_backend(options)) {}

  // A step. It is called once dry, on kMeta, to measure it, and once more to run it unless a
  // captured step is replayed instead. So it must only queue work and note Tensors of results;
  // those stay valid until the next run.
  using Program = std::function<void(Tape&)>;

  // Exact peak of the step's memory in bytes; runs no kernel and touches no memory.
  size_t plan(Mode mode, const Program& program) const;

  // Runs the step in memory of the planned size, or in larger memory left from a step before; on a
  // kMeta backend it only plans. OutOfMemory naming the bytes.
  void run(Mode mode, const Program& program);

  kernels::Backend& backend() { return *backend_; }
  kernels::Stream stream() const { return backend_->stream(); }
  size_t arena_bytes() const { return memory_.bytes() + uploaded_.bytes(); }
  size_t last_peak() const { return last_peak_; }  // of the last run, in bytes

 private:
  struct DryRun;
  struct Step {
    StepSignature signature;
    int64_t times = 1;
    std::unique_ptr<kernels::CapturedStep> captured = nullptr;
  };

  // True if kernels read the host's memory, so that nothing is uploaded.
  bool direct() const { return backend_->host_accessible(); }
  bool captures() const { return backend_->can_capture() && !stream().profile; }
  DryRun dry_run(Mode mode, const Program& program) const;
  kernels::Stream with_workspace(kernels::Stream s, Arena& arena) const;
  void execute(Mode mode, const Program& program, Uploads& uploads);
  std::unique_ptr<kernels::CapturedStep> capture(Mode mode, const Program& program,
                                                 Uploads& uploads);
  Step& lookup(StepSignature signature);
  void reserve(kernels::Buffer& memory, size_t bytes);

  std::unique_ptr<kernels::Backend> backend_;
  kernels::Buffer memory_, uploaded_;
  std::list<Step> steps_;  // the most recently used first
  size_t last_peak_ = 0;
};

}  // namespace albert
