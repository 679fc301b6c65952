#pragma once
#include <functional>
#include <list>

#include "albert/engine/step_signature.h"
#include "albert/engine/tape.h"
#include "albert/kernels/backend.h"

namespace albert {

// Where programs run: one backend and the memory of its steps. Plan, allocate once, run. A step
// that comes again with the same shapes is recorded and from then on replayed (on a GPU: a CUDA
// graph), where the backend can.
class Session {
 public:
  explicit Session(const kernels::BackendOptions& options)
      : backend_(kernels::make_backend(options)) {}

  // What a step does. It is called dry on kMeta to measure, and again to run unless a recording
  // stands in for it, so it must only queue work and note views of results; those stay valid until
  // the next run.
  using Program = std::function<void(Tape&)>;

  // Exact peak of the step's memory in bytes; runs no kernel and touches no memory.
  size_t plan(Mode mode, const Program& program) const;

  // On a kMeta backend, only plans. Else runs it in memory of exactly the planned size or larger,
  // left from before. OutOfMemory naming the bytes.
  void run(Mode mode, const Program& program);

  kernels::Backend& backend() { return *backend_; }
  kernels::Stream stream() const { return backend_->stream(); }
  size_t arena_bytes() const { return memory_.bytes() + uploaded_.bytes(); }
  size_t last_peak() const { return last_peak_; }  // of the last run, in bytes

 private:
  static constexpr size_t kStepCache =
      16;  // steps whose shapes are known, recorded or to be when they come again

  struct DryRun;
  struct Step {
    StepSignature signature;
    int64_t times = 1;
    std::unique_ptr<kernels::CapturedStep> captured = nullptr;
  };

  bool direct() const { return backend_->host_accessible(); }  // kernels read the host's memory
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
  std::list<Step> steps_;  // the latest first
  size_t last_peak_ = 0;
};

}  // namespace albert
