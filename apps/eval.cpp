#include <memory>
#include <ostream>

#include "apps/cli/task_flags.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

struct EvalFlags {
  std::string task, predictions, gold;
  bool json = false;
  TaskFlags options{&TaskKind::scoring};
};

int run(const EvalFlags& flags, const Command& command, std::ostream& out) {
  if (flags.task.empty()) fail(ErrorCode::kUsage, "eval needs --task; see albert eval --help");
  const TaskSpec& task = task_named(flags.task);
  const TaskKind& kind = kind_of(task);
  const ScoreReport scores = kind.score(
      {flags.predictions, flags.gold, flags.options.chosen(command, kind, task.settings)});
  out << (flags.json ? scores.json + "\n" : scores.text);
  return 0;
}

}  // namespace

Runner declare_eval(Command& command) {
  const auto flags = std::make_shared<EvalFlags>();
  command.choice("task", flags->task, task_names(), "of which task these are");
  command.alias("task", {"task_name"});
  command.required(
      "predictions", flags->predictions,
      "JSONL of albert predict, a GLUE submission, a label a line, CoNLL's columns, or "
      "SQuAD's .json");
  command.required("gold", flags->gold,
                   "the task's .tsv, .jsonl, columns or .json with what is right");
  flags->options.declare(command);
  command.boolean("json", flags->json, "print JSON");
  return [flags, &command](std::ostream& out, std::ostream&) { return run(*flags, command, out); };
}

}  // namespace albert::apps
