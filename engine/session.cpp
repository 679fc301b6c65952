#include "engine/session.h"

namespace albert {

size_t Session::measure(Mode mode, const Program& program, Uploads* uploads) const {
  Stream dry = stream();
  dry.device = Device::kMeta;
  if (stream().device != Device::kMeta) dry.observer = nullptr;  // who is shown the run proper
  Arena measuring;
  Tape tape(dry, measuring, mode, uploads);
  program(tape);
  return measuring.peak();
}

size_t Session::plan(Mode mode, const Program& program) const {
  Uploads uploads;
  const size_t arena = measure(mode, program, &uploads);
  return arena + (backend_->host_accessible() ? 0 : uploads.contents().size());
}

void Session::run(Mode mode, const Program& program) {
  const bool direct = backend_->host_accessible();
  Uploads uploads;
  const size_t arena_bytes = measure(mode, program, direct ? nullptr : &uploads);
  const size_t uploaded = uploads.contents().size();
  last_peak_ = arena_bytes + uploaded;
  if (stream().device == Device::kMeta) return;
  reserve(last_peak_);
  if (uploaded > 0) backend_->copy_to_device(memory_.data(), uploads.contents().data(), uploaded);
  uploads.settle(memory_.data());
  Arena arena(static_cast<std::byte*>(memory_.data()) + uploaded, memory_.bytes() - uploaded);
  Tape tape(stream(), arena, mode, direct ? nullptr : &uploads);
  program(tape);
  last_peak_ = arena.peak() + uploaded;
}

void Session::reserve(size_t bytes) {
  if (bytes <= memory_.bytes()) return;
  memory_ = {};  // never two at once
  memory_ = {*backend_, bytes};
}

}  // namespace albert
