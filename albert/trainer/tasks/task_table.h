#pragma once
#include <string>
#include <utility>
#include <vector>

namespace albert {

// One row a task: where its examples are, what their labels mean, how it is scored. A new task is a
// new row (and a reader, where its files are of a new kind).
struct TaskSpec {
  std::string name;
  std::string train_file, validation_file;             // in --data_dir
  std::string text_column, pair_column, label_column;  // pair_column empty: single texts
  std::vector<std::pair<std::string, std::string>>
      labels;          // value in the file, name for people; empty: as found
  std::string metric;  // of evaluation, that the best checkpoint is chosen by
};

const std::vector<TaskSpec>& tasks();
// Error(kUsage) naming the nearest task there is.
const TaskSpec& task_named(const std::string& name);

}  // namespace albert
