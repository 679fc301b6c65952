#include "albert/trainer/tasks/classification/examples.h"

#include <functional>

#include "albert/base/error.h"

namespace albert {
namespace {

constexpr const char* kTextColumn = "text_column";
constexpr const char* kPairColumn = "pair_column";
constexpr const char* kLabelColumn = "label_column";

// Calls `take` for each record, until it says that it has enough.
void for_each_record(const std::filesystem::path& path,
                     const std::function<void(const RecordReader&)>& check,
                     const std::function<bool(const Record&)>& take) {
  TextReader reader(path);
  RecordReader records(reader, table_or_json(path));
  check(records);
  Record record;
  bool any = false, more = true;
  while (more && records.next(record)) {
    any = true;
    more = take(record);
  }
  if (!any) fail(ErrorCode::kBadData, path.string(), ": no examples in it");
}

}  // namespace

TaskOption text_column_option() {
  return {kTextColumn, "text", "column or key of the text", {"text_key"}};
}

TaskOption pair_column_option() {
  return {kPairColumn,
          "",
          "column or key of the second text; else text_pair, where it is there",
          {"pair_key"}};
}

TextColumns text_columns(const TaskOptions& options) {
  TextColumns columns;
  columns.text = options.get<std::string>(kTextColumn);
  const auto& pair = options.get<std::string>(kPairColumn);
  columns.pair_is_required = !pair.empty();
  if (columns.pair_is_required) columns.pair = pair;
  return columns;
}

void require_columns(const RecordReader& reader, const TextColumns& columns) {
  reader.require_column(columns.text, kTextColumn);
  if (columns.pair_is_required) reader.require_column(columns.pair, kPairColumn);
}

TextPair text_of(const Record& record, const TextColumns& columns) {
  if (record.is_text()) return {record.line()};
  TextPair text{record.at(columns.text)};
  if (columns.pair_is_required)
    text.pair = record.at(columns.pair);
  else if (const std::string* pair = record.find(columns.pair))
    text.pair = *pair;
  return text;
}

std::vector<TextExample> read_text_examples(const std::filesystem::path& path,
                                            const TextColumns& columns,
                                            const std::string& label_column, int64_t most) {
  std::vector<TextExample> examples;
  for_each_record(
      path,
      [&](const RecordReader& reader) {
        require_columns(reader, columns);
        reader.require_column(label_column, kLabelColumn);
      },
      [&](const Record& record) {
        examples.push_back({text_of(record, columns), record.at(label_column)});
        return most <= 0 || static_cast<int64_t>(examples.size()) < most;
      });
  return examples;
}

std::vector<std::string> read_labels(const std::filesystem::path& path,
                                     const std::string& label_column) {
  std::vector<std::string> labels;
  for_each_record(
      path, [&](const RecordReader& reader) { reader.require_column(label_column, kLabelColumn); },
      [&](const Record& record) {
        labels.push_back(record.at(label_column));
        return true;
      });
  return labels;
}

}  // namespace albert
