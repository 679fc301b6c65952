#include <memory>
#include <ostream>

#include "albert/trainer/tasks/classification/scores.h"
#include "apps/cli/common.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

using nlohmann::ordered_json;

struct EvalFlags {
  std::string task, predictions, gold, label_column;
  bool json = false;
};

ordered_json as_json(const ClassificationScores& s,
                     const std::vector<std::pair<std::string, std::string>>& labels) {
  ordered_json f1, confusion;
  for (size_t i = 0; i < labels.size(); ++i) {
    f1[labels[i].second] = s.f1[i];
    for (size_t j = 0; j < labels.size(); ++j)
      confusion[labels[i].second][labels[j].second] = s.confusion[i][j];
  }
  return {{"examples", s.examples},
          {"accuracy", s.accuracy},
          {"macro_f1", s.macro_f1},
          {"matthews_correlation", s.matthews_correlation},
          {"f1", f1},
          {"confusion", confusion}};
}

void print_text(std::ostream& out, const ordered_json& scores) {
  for (const char* name : {"examples", "accuracy", "macro_f1", "matthews_correlation"})
    out << name << " " << scores.at(name) << "\n";
  for (const auto& [label, row] : scores.at("confusion").items()) {
    out << "is " << label << ":";
    for (const auto& [predicted, count] : row.items()) out << "  " << predicted << " " << count;
    out << "  (F1 " << scores.at("f1").at(label) << ")\n";
  }
}

int run(const EvalFlags& flags, std::ostream& out) {
  if (flags.task.empty()) fail(ErrorCode::kUsage, "eval needs --task; see albert eval --help");
  TaskSpec task = task_named(flags.task);
  if (!flags.label_column.empty()) task.label_column = flags.label_column;
  task.text_column = task.label_column;  // of the gold file only the labels are read
  task.pair_column.clear();
  const auto gold = read_text_examples(flags.gold, task);
  if (task.labels.empty()) task.labels = labels_found(gold);
  const auto right = label_ids(flags.gold, gold, task.labels);
  const auto predicted = read_predictions(flags.predictions, task.labels);
  if (predicted.size() != right.size())
    fail(ErrorCode::kBadData, flags.predictions, ": ", predicted.size(), " predictions for the ",
         right.size(), " examples of ", flags.gold);
  const auto scores =
      as_json(classification_scores(predicted, right, static_cast<int64_t>(task.labels.size())),
              task.labels);
  if (flags.json)
    out << scores.dump() << "\n";
  else
    print_text(out, scores);
  return 0;
}

}  // namespace

Runner declare_eval(Command& command) {
  const auto flags = std::make_shared<EvalFlags>();
  std::vector<std::string> names;
  for (const TaskSpec& task : tasks()) names.push_back(task.name);
  command.choice("task", flags->task, names, "whose labels these are");
  command.alias("task", {"task_name"});
  command.required("predictions", flags->predictions,
                   "JSONL of albert predict, a GLUE submission, or a label a line");
  command.required("gold", flags->gold, "the task's .tsv or .jsonl with the right labels");
  command.option("label_column", flags->label_column,
                 "column or key of the label in the gold file");
  command.boolean("json", flags->json, "print JSON");
  return [flags](std::ostream& out, std::ostream&) { return run(*flags, out); };
}

}  // namespace albert::apps
