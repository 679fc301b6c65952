#include "apps/cli/task_files.h"

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert::apps {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// The user's file, else the one in the folder under the first of its names that is there.
fs::path file_of(const std::string& given, const std::string& data_dir, const std::string& name,
                 const std::string& other_name, const char* option) {
  if (!given.empty()) return given;
  if (data_dir.empty()) fail(ErrorCode::kUsage, "finetune needs --data_dir, or --", option);
  const fs::path folder = data_dir, file = folder / name;
  const bool other = !is_there(file) && !other_name.empty() && is_there(folder / other_name);
  return other ? folder / other_name : file;
}

// Whether the folder lists which rows of its training file are evaluated. The list is of rows of
// that file under its other name.
bool holds_out(const TaskSpec& task, const FileFlags& flags, const fs::path& train,
               const Notify& note) {
  if (task.held_out.file.empty() || !flags.train_file.empty() || !flags.validation_file.empty() ||
      train.filename() != task.other_train_file)
    return false;
  const fs::path list = flags.data_dir / task.held_out.file;
  if (!is_there(list)) note(list.string() + ": no such file, so that all rows are trained on");
  return is_there(list);
}

}  // namespace

TrainingFiles training_files(const TaskSpec& task, const FileFlags& flags, const Notify& note) {
  if (task.train_file.empty())
    fail(ErrorCode::kUsage, "--task ", task.name,
         ": found a task that is for predict and eval alone, wanted one with training data");
  TrainingFiles files;
  files.train = file_of(flags.train_file, flags.data_dir, task.train_file, task.other_train_file,
                        "train_file");
  if (holds_out(task, flags, files.train, note)) {
    files.validation = files.train;
    files.held_out = {fs::path(flags.data_dir) / task.held_out.file, task.held_out.columns};
    return files;
  }
  files.validation = file_of(flags.validation_file, flags.data_dir, task.validation_file,
                             task.other_validation_file, "validation_file");
  if (!flags.validation_file.empty()) return files;
  for (const auto& [suffix, name] : task.more_validation_files) {
    const fs::path file = fs::path(flags.data_dir) / name;
    if (is_there(file))
      files.more_validation.emplace(suffix, file);
    else
      note(file.string() + ": no such file, not evaluated");
  }
  return files;
}

std::vector<FileToPredict> files_to_predict(const TaskSpec* task, const std::string& data_dir,
                                            const std::string& input) {
  const std::vector<TestFile> known = task ? task->test_files : std::vector<TestFile>();
  if (!input.empty()) {
    TestFile as = known.empty() ? TestFile{"", task ? task->name : "", ""} : known.front();
    for (const TestFile& file : known)
      if (fs::path(input).filename() == file.file) as = file;
    return {{input, as}};
  }
  if (known.empty() || data_dir.empty())
    fail(ErrorCode::kUsage, "predict --output_dir needs --input FILE",
         known.empty() ? "" : ", or --data_dir");
  std::vector<FileToPredict> files;
  std::vector<std::string> names;
  for (const TestFile& file : known) {
    names.push_back(file.file);
    if (is_there(fs::path(data_dir) / file.file))
      files.push_back({fs::path(data_dir) / file.file, file});
  }
  const fs::path other = fs::path(data_dir) / task->other_test_file;
  if (files.empty() && !task->other_test_file.empty()) {
    names.push_back(task->other_test_file);
    if (is_there(other)) files.push_back({other, known.front()});
  }
  if (files.empty())
    fail(ErrorCode::kMissingInput, data_dir, ": found none of the task's files, wanted ",
         one_of(names));
  return files;
}

}  // namespace albert::apps
