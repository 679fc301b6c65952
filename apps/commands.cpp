#include "apps/commands.h"

namespace albert::apps {

const std::vector<CommandEntry>& commands() {
  static const std::vector<CommandEntry> table = {
      {"forward", "run a model on tensors from a file: outputs, loss, gradients", declare_forward},
      {"info", "what is in a model folder; parameters, and the memory a run would need", declare_info},
      {"doctor", "this machine and build: instruction sets, threads, libraries, a self-test", declare_doctor}};
  return table;
}

}  // namespace albert::apps
