#include "albert/trainer/tasks/task_table.h"

#include "albert/base/error.h"
#include "albert/base/nearest.h"
#include "albert/base/printable.h"

namespace albert {

const std::vector<TaskSpec>& tasks() {
  static const std::vector<TaskSpec> table = {
      {"sst2",
       "train.tsv",
       "dev.tsv",
       "sentence",
       "",
       "label",
       {{"0", "negative"}, {"1", "positive"}},
       "accuracy"},
      {"classify", "train.tsv", "dev.tsv", "text", "", "label", {}, "accuracy"}};
  return table;
}

const TaskSpec& task_named(const std::string& name) {
  std::vector<std::string> names;
  for (const TaskSpec& task : tasks()) {
    if (task.name == name) return task;
    names.push_back(task.name);
  }
  const std::string near = nearest_name(name, names);
  fail(ErrorCode::kUsage, "task: found ", in_quotes(name), ", wanted ", one_of(names),
       near.empty() ? "" : " (did you mean " + near + "?)");
}

}  // namespace albert
