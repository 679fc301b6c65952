#pragma once
#include <map>

#include "albert/trainer/tasks/task_kind.h"

namespace albert {

// A task by name: a kind with its files and settings.
struct TaskSpec {
  std::string name;
  std::string kind;
  std::string train_file, validation_file;    // in --data_dir
  std::map<std::string, TaskValue> settings;  // options of the kind that have other defaults here
  std::string metric;  // of evaluation, by which the best checkpoint is chosen; greater is better
};

const std::vector<TaskKind>& task_kinds();
const std::vector<TaskSpec>& tasks();

// Error(kUsage) naming the nearest task there is.
const TaskSpec& task_named(const std::string& name);
const TaskKind& kind_of(const TaskSpec& task);

// The kind whose architecture the folder's config.json names; the first one, a classifier, where it
// names none. Error(kMismatch) for an architecture without a kind; errors of reading the file.
const TaskKind& kind_of_model(const std::filesystem::path& folder);

}  // namespace albert
