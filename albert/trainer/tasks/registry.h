#pragma once
#include <map>

#include "albert/trainer/tasks/task_kind.h"

namespace albert {

// A file that predictions are made for, and the names that they go by.
struct TestFile {
  std::string file;        // in --data_dir
  std::string task;        // in predict_results_<task>.txt
  std::string submission;  // what the task's site calls its file; empty: none
};

// A task by name: a kind with its files and settings.
struct TaskSpec {
  std::string name;
  std::string kind;
  std::string train_file, validation_file;    // in --data_dir; empty: the task is predicted only
  std::map<std::string, TaskValue> settings;  // options of the kind that have other defaults here
  std::string metric;  // of evaluation, by which the best checkpoint is chosen
  std::vector<TestFile> test_files = {};
  // Names that these and the first test file have where --data_dir does not hold them.
  std::string other_train_file = {}, other_validation_file = {}, other_test_file = {};
  // Rows of the other training file that are evaluated, where --data_dir holds their list.
  HeldOutRows held_out = {};
  // Files that are evaluated too where they are there, by the suffix of their metrics' names.
  std::map<std::string, std::string> more_validation_files = {};
};

const std::vector<TaskKind>& task_kinds();
const std::vector<TaskSpec>& tasks();

// Error(kUsage) naming the nearest task there is.
const TaskSpec& task_named(const std::string& name);
const TaskKind& kind_of(const TaskSpec& task);

// The first kind whose architecture the folder's config.json names; a classifier where it names
// none. Error(kMismatch) for an architecture without a kind; errors of reading the file.
const TaskKind& kind_of_model(const std::filesystem::path& folder);

}  // namespace albert
