#pragma once
#include <functional>

#include "engine/tape.h"
#include "kernels/backend.h"

namespace albert {

// Where programs run: one backend and the arena of its steps. Plan, allocate once, run.
class Session {
 public:
  explicit Session(const kernels::BackendOptions& options) : backend_(kernels::make_backend(options)) {}

  // What a step does. It is called twice, first dry on kMeta to measure, so it must only queue work and note views of
  // results; those stay valid until the next run.
  using Program = std::function<void(Tape&)>;

  // Exact peak of the step's memory in bytes; runs no kernel and touches no memory.
  size_t plan(Mode mode, const Program& program) const;

  // On a kMeta backend, only plans. Else runs it in an arena of exactly the planned size or a larger one left from
  // before. Error(kOutOfMemory) naming the bytes.
  void run(Mode mode, const Program& program);

  kernels::Backend& backend() { return *backend_; }
  kernels::Stream stream() const { return backend_->stream(); }
  size_t arena_bytes() const { return memory_.bytes(); }
  size_t last_peak() const { return last_peak_; }  // of the last run, in bytes

 private:
  size_t measure(Mode mode, const Program& program, Uploads* uploads) const;
  void reserve(size_t bytes);

  std::unique_ptr<kernels::Backend> backend_;
  kernels::Buffer memory_;
  size_t last_peak_ = 0;
};

}  // namespace albert
