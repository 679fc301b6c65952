#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "albert/inference/text_encoder.h"
#include "albert/trainer/tasks/classification/problem.h"
#include "albert/trainer/tasks/records.h"
#include "albert/trainer/tasks/task_options.h"

namespace albert {

// Where the texts of a record are. A pair column that nobody asked for is read where it is there.
struct TextColumns {
  std::string text = "text", pair = "text_pair";
  bool pair_is_required = false;
  TableOptions table;
};
// The options of tables, and those of text_columns() and truncation_of(), columns_flag() among
// them. No row is left out of what is predicted.
TaskOption columns_flag();
TaskOption short_rows_flag();
std::vector<TaskOption> text_flags();
TableOptions table_options(const TaskOptions& options);
TextColumns text_columns(const TaskOptions& options);

// Of --truncation: slow or fast. Error(kUsage).
Truncation truncation_of(const TaskOptions& options);

void require_columns(const RecordReader& reader, const TextColumns& columns);
// A line of text is a single text. Error(kBadData) "file:12: .." where a column is missing.
TextPair text_of(const Record& record, const TextColumns& columns);

// Where the answer of a record is.
struct AnswerColumns {
  Problem problem = Problem::kSingleLabel;
  std::string column = "label";
  std::vector<std::string> each = {};  // label sets with a column of 0 or 1 for every label
};
AnswerColumns answer_columns(Problem problem, const TaskOptions& options);

// What a file gives as the answer of an example: a label, labels, or a number, as they are written.
struct PlacedAnswer {
  std::string place;  // "file:12"
  std::vector<std::string> labels;
};

struct TextExample {
  TextPair text;
  PlacedAnswer answer;
};

// Which examples of a file are read.
struct ExampleChoice {
  int64_t most = 0;                                // 0: all
  std::function<bool(const Record&)> wanted = {};  // empty: all
};

// The examples of a .tsv, .csv (a header names the columns) or .jsonl file, also compressed.
// `short_rows` is added to: how many were left out. Error(kBadData) "file:12: .." for what is
// missing or no text, "file: .." where there are none; kMissingInput.
std::vector<TextExample> read_text_examples(const std::filesystem::path& path,
                                            const TextColumns& columns, const AnswerColumns& answer,
                                            const ExampleChoice& choice, int64_t& short_rows);
// The answers alone.
std::vector<PlacedAnswer> read_answers(const std::filesystem::path& path, const TableOptions& table,
                                       const AnswerColumns& answer);

}  // namespace albert
