#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "albert/inference/multiple_choice_encoder.h"
#include "albert/trainer/tasks/labels.h"
#include "albert/trainer/tasks/records.h"
#include "albert/trainer/tasks/task_options.h"

namespace albert {

// A question of a file, with the index of its right option where the file says it.
struct ChoiceExample {
  std::string place;  // "swag.csv:12", "dev/high/1.txt:1: questions[2]"
  std::string level;  // "middle" or "high" in RACE; else empty
  MultipleChoiceQuestion question;
  std::optional<int64_t> label = {};
  bool letters = false;  // its file calls the options A, B, .., not 0, 1, ..
};

// The number of options that all questions of a task have, and the one that said it first.
struct DeclaredChoices {
  int64_t count = 0;  // 0: the first question will
  std::string place = {};
};

// What of a file or folder is read.
struct ChoiceSelection {
  std::string level = "both";
  bool labelled = true;  // whether each question must say what is right
  int64_t most = 0;      // only the first so many; 0: all
};
// `level` as the task's options name it. Error(kUsage).
std::string chosen_level(const TaskOptions& options);

// The examples of a folder of RACE (with the folders middle and high, or with .txt files; all.txt
// alone where there is one), of one of its .txt files, of a .jsonl or .json file with an object a
// line, or of a .csv or .tsv file in SWAG's layout; also compressed. A folder's files are taken in
// the order of their names, middle before high. Error(kBadData) "file:12: .." for what is missing,
// empty, doubled or no text, and for another number of options than `declared`; kMissingInput.
std::vector<ChoiceExample> read_choice_examples(const std::filesystem::path& path,
                                                const ChoiceSelection& selection,
                                                DeclaredChoices& declared);

// The question of a row or object: sent1, sent2, ending0, ending1, ..; or context (article),
// question, options (choices). Error(kBadData) for what is missing, and a context without words.
MultipleChoiceQuestion choice_question(const Record& record);
// Refuses a table without these columns.
void require_choice_columns(const RecordReader& reader, bool labelled);

// What files call the options: a number, and for people a letter.
TaskLabels choice_labels(int64_t choices);

}  // namespace albert
