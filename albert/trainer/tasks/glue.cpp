#include "albert/trainer/tasks/glue.h"

namespace albert {
namespace {

using Settings = std::map<std::string, TaskValue>;

Settings columns(const char* text, const char* pair, const char* label) {
  return {{"text_column", text}, {"pair_column", pair}, {"label_column", label}};
}

Settings operator+(Settings settings, const Settings& more) {
  settings.insert(more.begin(), more.end());
  return settings;
}

Settings labels(const char* names, const char* metrics) {
  return {{"labels", names}, {"metrics", metrics}};
}

// A task with the usual names of files.
TaskSpec classification(const char* name, const Settings& settings, const char* metric,
                        const char* submission) {
  return {name,
          "classification",
          "train.tsv",
          "dev.tsv",
          settings,
          metric,
          {{"test.tsv", name, submission}}};
}

TaskSpec cola() {
  Settings settings = columns("sentence", "", "label") +
                      labels("0=unacceptable,1=acceptable", "matthews_correlation");
  settings.emplace("columns", "source,label,note,sentence");
  return classification("cola", settings, "matthews_correlation", "CoLA.tsv");
}

TaskSpec mrpc() {
  TaskSpec task =
      classification("mrpc",
                     columns("#1 String", "#2 String", "Quality") +
                         labels("0=not_equivalent,1=equivalent", "accuracy,f1,combined_score"),
                     "combined_score", "MRPC.tsv");
  // As Microsoft publishes it. GLUE predicts its test file and evaluates those rows of its training
  // file that a list of GLUE's names; without the list the test file is evaluated.
  task.other_train_file = "msr_paraphrase_train.txt";
  task.other_validation_file = task.other_test_file = "msr_paraphrase_test.txt";
  task.held_out = {"dev_ids.tsv", {"#1 ID", "#2 ID"}};
  return task;
}

TaskSpec stsb() {
  return {"stsb",
          "regression",
          "train.tsv",
          "dev.tsv",
          columns("sentence1", "sentence2", "score") +
              Settings{{"metrics", "pearson,spearmanr,combined_score"}},
          "combined_score",
          {{"test.tsv", "stsb", "STS-B.tsv"}}};
}

TaskSpec qqp() {
  Settings settings = columns("question1", "question2", "is_duplicate") +
                      labels("0=not_duplicate,1=duplicate", "accuracy,f1,combined_score");
  settings.emplace("skip_short_rows", true);
  return classification("qqp", settings, "combined_score", "QQP.tsv");
}

constexpr const char* kNliLabels = "entailment,neutral,contradiction";

TaskSpec mnli() {
  TaskSpec task;
  task.name = "mnli";
  task.kind = "classification";
  task.train_file = "train.tsv";
  task.validation_file = "dev_matched.tsv";
  task.settings = columns("sentence1", "sentence2", "gold_label") + labels(kNliLabels, "accuracy");
  task.metric = "accuracy";
  task.test_files = {{"test_matched.tsv", "mnli", "MNLI-m.tsv"},
                     {"test_mismatched.tsv", "mnli-mm", "MNLI-mm.tsv"}};
  task.more_validation_files = {{"_mm", "dev_mismatched.tsv"}};
  return task;
}

TaskSpec entailment(const char* name, const char* text, const char* pair, const char* submission) {
  return classification(
      name, columns(text, pair, "label") + labels("entailment,not_entailment", "accuracy"),
      "accuracy", submission);
}

// GLUE's diagnostic set, for models that were trained on MNLI.
TaskSpec ax() {
  TaskSpec task;
  task.name = "ax";
  task.kind = "classification";
  task.settings =
      columns("sentence1", "sentence2", "label") + labels(kNliLabels, "matthews_correlation");
  task.metric = "matthews_correlation";
  task.test_files = {{"diagnostic.tsv", "ax", "AX.tsv"}};
  return task;
}

}  // namespace

std::vector<TaskSpec> glue_tasks() {
  return {
      cola(),
      classification("sst2",
                     columns("sentence", "", "label") + labels("0=negative,1=positive", "accuracy"),
                     "accuracy", "SST-2.tsv"),
      mrpc(),
      stsb(),
      qqp(),
      mnli(),
      entailment("qnli", "question", "sentence", "QNLI.tsv"),
      entailment("rte", "sentence1", "sentence2", "RTE.tsv"),
      classification("wnli",
                     columns("sentence1", "sentence2", "label") +
                         labels("0=not_entailment,1=entailment", "accuracy"),
                     "accuracy", "WNLI.tsv"),
      ax()};
}

}  // namespace albert
