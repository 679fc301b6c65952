#pragma once
#include <functional>
#include <iosfwd>
#include <vector>

#include "apps/cli/command.h"

namespace albert::apps {

// Runs a command whose options have been parsed; returns the exit code.
using Runner = std::function<int(std::ostream& out, std::ostream& err)>;

// One row of the table of commands. `declare` adds the options and returns the function that runs
// them, which owns their storage.
struct CommandEntry {
  const char* name;
  const char* about;
  Runner (*declare)(Command& command);
};
const std::vector<CommandEntry>& commands();

Runner declare_demo(Command& command);
Runner declare_vocab(Command& command);
Runner declare_tokenize(Command& command);
Runner declare_prepare(Command& command);
Runner declare_pretrain(Command& command);
Runner declare_finetune(Command& command);
Runner declare_predict(Command& command);
Runner declare_serve(Command& command);
Runner declare_eval(Command& command);
Runner declare_embed(Command& command);
Runner declare_similarity(Command& command);
Runner declare_fill_mask(Command& command);
Runner declare_score(Command& command);
Runner declare_report(Command& command);
Runner declare_forward(Command& command);
Runner declare_convert(Command& command);
Runner declare_info(Command& command);
Runner declare_doctor(Command& command);

}  // namespace albert::apps
