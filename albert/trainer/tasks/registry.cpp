#include "albert/trainer/tasks/registry.h"

#include <algorithm>

#include "albert/base/error.h"
#include "albert/base/nearest.h"
#include "albert/base/printable.h"
#include "albert/trainer/tasks/choice/kind.h"
#include "albert/trainer/tasks/classification/kind.h"
#include "albert/trainer/tasks/glue.h"
#include "albert/trainer/tasks/span/kind.h"
#include "albert/trainer/tasks/tagging/kind.h"

namespace albert {

namespace {

// Folders, in the folder of RACE or in the one that holds it.
TaskSpec race() {
  return {"race",       "choice",  "train", "dev", {}, "accuracy", {{"test", "race", ""}},
          "RACE/train", "RACE/dev"};
}

// With the names of SWAG's files, or the folders of RACE's layout.
TaskSpec choice() {
  return {"choice",
          "choice",
          "train.csv",
          "val.csv",
          {{"truncation", "fast"}},
          "accuracy",
          {{"test.csv", "choice", ""}},
          "train",
          "dev"};
}

}  // namespace

const std::vector<TaskKind>& task_kinds() {
  static const std::vector<TaskKind> kinds = {classification_kind(), multilabel_kind(),
                                              regression_kind(),     span_kind(),
                                              choice_kind(),         tagging_kind()};
  return kinds;
}

const std::vector<TaskSpec>& tasks() {
  static const std::vector<TaskSpec> table = [] {
    std::vector<TaskSpec> all = glue_tasks();
    all.insert(all.end(), {{"classify", "classification", "train.tsv", "dev.tsv", {}, "accuracy"},
                           {"multilabel", "multilabel", "train.tsv", "dev.tsv", {}, "micro_f1"},
                           {"regress", "regression", "train.tsv", "dev.tsv", {}, "pearson"},
                           {"squad1", "span", "train-v1.1.json", "dev-v1.1.json", {}, "f1"},
                           {"squad2",
                            "span",
                            "train-v2.0.json",
                            "dev-v2.0.json",
                            {{"version_2_with_negative", true}},
                            "f1"},
                           {"ner",
                            "tagging",
                            "train.txt",
                            "valid.txt",
                            {},
                            "f1",
                            {{"test.txt", "ner", ""}},
                            "eng.train",
                            "eng.testa"},
                           {"germeval14",
                            "tagging",
                            "NER-de-train.tsv",
                            "NER-de-dev.tsv",
                            {{"text_column", "2"}, {"label_column", "3"}},
                            "f1",
                            {{"NER-de-test.tsv", "germeval14", ""}}},
                           {"tag", "tagging", "train.jsonl", "dev.jsonl", {}, "f1"},
                           race(),
                           choice()});
    return all;
  }();
  return table;
}

const TaskSpec& task_named(const std::string& name) {
  std::vector<std::string> names;
  for (const TaskSpec& task : tasks()) {
    if (task.name == name) return task;
    names.push_back(task.name);
  }
  const std::string near = nearest_name(name, names);
  fail(ErrorCode::kUsage, "--task: found ", printable(name), ", wanted ", one_of(names),
       near.empty() ? "" : " (did you mean " + near + "?)");
}

const TaskKind& kind_of(const TaskSpec& task) {
  for (const TaskKind& kind : task_kinds())
    if (kind.name == task.kind) return kind;
  fail(ErrorCode::kInternal, "task ", task.name, " is of no known kind: ", task.kind);
}

const TaskKind& kind_of_model(const std::filesystem::path& folder) {
  const std::vector<std::string> named = AlbertConfig::from_folder(folder).architectures;
  if (named.empty()) return task_kinds().front();
  std::vector<std::string> known;
  for (const TaskKind& kind : task_kinds()) {
    const auto is_form = [&](const std::string& name) {
      return !name.empty() && (name == kind.architecture || name == kind.other_form);
    };
    if (std::any_of(named.begin(), named.end(), is_form)) return kind;
    if (std::find(known.begin(), known.end(), kind.architecture) == known.end())
      known.push_back(kind.architecture);
  }
  fail(ErrorCode::kMismatch, folder.string(), ": config.json: architectures: found ",
       printable(joined(named)), ", wanted ", one_of(known),
       "; albert finetune makes such a folder");
}

}  // namespace albert
