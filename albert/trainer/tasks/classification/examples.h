#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "albert/inference/text_encoder.h"
#include "albert/trainer/tasks/records.h"
#include "albert/trainer/tasks/task_options.h"

namespace albert {

// Where the texts of a record are. A pair column that nobody asked for is read where it is there.
struct TextColumns {
  std::string text = "text", pair = "text_pair";
  bool pair_is_required = false;
};
// The options --text_column and --pair_column, which training and prediction share.
TaskOption text_column_option();
TaskOption pair_column_option();
TextColumns text_columns(const TaskOptions& options);

void require_columns(const RecordReader& reader, const TextColumns& columns);
// A line of text is a single text. Error(kBadData) "file:12: .." where a column is missing.
TextPair text_of(const Record& record, const TextColumns& columns);

struct TextExample {
  TextPair text;
  std::string label;
};

// The examples of a .tsv (a header names the columns) or .jsonl file, also compressed, at most
// `most` of them where it is above 0. Error(kBadData) "file:12: .." for what is missing or no text,
// "file: .." where there are none; kMissingInput.
std::vector<TextExample> read_text_examples(const std::filesystem::path& path,
                                            const TextColumns& columns,
                                            const std::string& label_column, int64_t most = 0);
// The labels alone.
std::vector<std::string> read_labels(const std::filesystem::path& path,
                                     const std::string& label_column);

}  // namespace albert
