#include "albert/engine/session.h"

#include <utility>

namespace albert {
namespace {

// How many steps are known by their signatures: lengths that are rounded to a few sizes make some
// twenty, an evaluation and the updates more.
constexpr size_t kKnownSteps = 128;

// A step is captured when it comes this many times: a capture costs as much as a few launches of
// all its kernels, which a step that comes twice does not win back.
constexpr int64_t kCaptureAt = 3;

}  // namespace

struct Session::DryRun {
  Uploads uploads;
  StepSignature signature = {};
  size_t arena_bytes = 0;
};

Session::DryRun Session::dry_run(Mode mode, const Program& program) const {
  DryRun r{.uploads = Uploads(uploaded_.data())};
  Stream dry = stream();
  dry.device = Device::kMeta;
  // On a kMeta backend the dry run is the only one, so the stream keeps its own observer.
  if (stream().device != Device::kMeta) dry.observer = captures() ? &r.signature : nullptr;
  Arena measuring(memory_.data());
  Tape tape(with_workspace(dry, measuring), measuring, mode, direct() ? nullptr : &r.uploads);
  program(tape);
  r.arena_bytes = measuring.peak();
  return r;
}

size_t Session::plan(Mode mode, const Program& program) const {
  const DryRun r = dry_run(mode, program);
  return r.arena_bytes + r.uploads.contents().size();
}

void Session::run(Mode mode, const Program& program) {
  DryRun r = dry_run(mode, program);
  last_peak_ = r.arena_bytes + r.uploads.contents().size();
  if (stream().device == Device::kMeta) return;
  reserve(memory_, r.arena_bytes);
  reserve(uploaded_, r.uploads.contents().size());
  if (!r.uploads.contents().empty())
    backend_->copy_to_device(uploaded_.data(), r.uploads.contents().data(),
                             r.uploads.contents().size());
  r.uploads.fix_addresses(uploaded_.data());
  if (!captures()) return execute(mode, program, r.uploads);
  Step& step = lookup(std::move(r.signature));
  if (step.times >= kCaptureAt && !step.captured) step.captured = capture(mode, program, r.uploads);
  if (step.captured) return step.captured->replay();
  execute(mode, program, r.uploads);
}

// The workspace is the first allocation of the arena, so that it lies at the same address in every
// step.
kernels::Stream Session::with_workspace(kernels::Stream s, Arena& arena) const {
  s.workspace_bytes = backend_->workspace_bytes();
  if (s.workspace_bytes > 0)
    s.workspace = arena.allocate({static_cast<int64_t>(s.workspace_bytes)}, DType::kU8).data;
  return s;
}

void Session::execute(Mode mode, const Program& program, Uploads& uploads) {
  Arena arena(memory_.data(), memory_.bytes());
  Tape tape(with_workspace(stream(), arena), arena, mode, direct() ? nullptr : &uploads);
  program(tape);
}

std::unique_ptr<kernels::CapturedStep> Session::capture(Mode mode, const Program& program,
                                                        Uploads& uploads) {
  backend_->begin_capture();
  try {
    execute(mode, program, uploads);
  } catch (...) {
    backend_->end_capture();
    throw;
  }
  return backend_->end_capture();
}

Session::Step& Session::lookup(StepSignature signature) {
  for (auto step = steps_.begin(); step != steps_.end(); ++step)
    if (step->signature == signature) {
      steps_.splice(steps_.begin(), steps_, step);
      ++steps_.front().times;
      return steps_.front();
    }
  if (steps_.size() == kKnownSteps) steps_.pop_back();
  steps_.push_front({.signature = std::move(signature)});
  return steps_.front();
}

void Session::reserve(kernels::Buffer& memory, size_t bytes) {
  if (bytes <= memory.bytes()) return;
  steps_.clear();  // captured steps use the old memory
  memory = {};     // released first, so that the two are never held at once
  memory = {*backend_, bytes};
}

}  // namespace albert
