#include "engine/session.h"

namespace albert {

size_t Session::plan(Mode mode, const Program& program) const {
  Stream dry = stream();
  dry.device = Device::kMeta;
  Arena measuring;
  Tape tape(dry, measuring, mode);
  program(tape);
  return measuring.peak();
}

void Session::run(Mode mode, const Program& program) {
  const size_t need = plan(mode, program);
  last_peak_ = need;
  if (stream().device == Device::kMeta) return;
  if (need > memory_.bytes()) {
    memory_ = {};  // never two at once
    memory_ = {*backend_, need};
  }
  Arena arena(memory_.data(), memory_.bytes());
  Tape tape(stream(), arena, mode);
  program(tape);
  last_peak_ = arena.peak();
}

}  // namespace albert
