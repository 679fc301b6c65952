#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "albert/trainer/tasks/task_table.h"

namespace albert {

struct TextExample {
  std::string text;
  std::optional<std::string> pair;
  std::string label;
};

// Examples of a .tsv (a header names the columns, no quoting, as GLUE's) or .jsonl file, also
// compressed. Error(kBadData) "file:line: .." for missing columns, short rows, text that is not
// UTF-8, no rows at all; kMissingInput.
std::vector<TextExample> read_text_examples(const std::filesystem::path& path,
                                            const TaskSpec& task);

// The number of each example's label.
// Error(kBadData) "file: example 12 has the label \"2\", the task has 0, 1".
std::vector<int64_t> label_ids(const std::string& file, const std::vector<TextExample>& examples,
                               const std::vector<std::pair<std::string, std::string>>& labels);

// The value of each label, ascending, where the task names none: numbers as numbers, else as text.
std::vector<std::pair<std::string, std::string>> labels_found(
    const std::vector<TextExample>& examples);

}  // namespace albert
