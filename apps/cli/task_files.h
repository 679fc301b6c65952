#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "albert/trainer/tasks/registry.h"

namespace albert::apps {

// What the user says of a task's files: a folder that holds them, or each by its name.
struct FileFlags {
  std::string data_dir, train_file, validation_file;
};

struct TrainingFiles {
  std::filesystem::path train, validation;
  HeldOutRows held_out;  // of the training file, which is then also that of validation
  std::map<std::string, std::filesystem::path> more_validation;  // by the suffix of their metrics
};

// Error(kUsage) where a file is not said, or the task is predicted only. `note` learns of files
// that would count too and are not there.
TrainingFiles training_files(const TaskSpec& task, const FileFlags& flags, const Notify& note);

// A file to predict, and the names that its predictions go by.
struct FileToPredict {
  std::filesystem::path path;
  TestFile as;
};

// `input` alone where it is not empty, else the task's test files in `data_dir`. Error(kUsage)
// without either, kMissingInput where the folder has none of them.
std::vector<FileToPredict> files_to_predict(const TaskSpec* task, const std::string& data_dir,
                                            const std::string& input);

}  // namespace albert::apps
