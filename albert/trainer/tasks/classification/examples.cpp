#include "albert/trainer/tasks/classification/examples.h"

#include "albert/base/ascii.h"
#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/base/split.h"
#include "albert/trainer/tasks/classification/stages.h"

namespace albert {
namespace {

namespace option = classification_options;

// Calls `take` for each record, until it says that it has enough. Returns how many rows were left
// out.
int64_t for_each_record(const std::filesystem::path& path, const TableOptions& table,
                        const std::function<void(const RecordReader&)>& check,
                        const std::function<bool(const Record&)>& take) {
  TextReader reader(path);
  RecordReader records(reader, format_of_data(path), BlankLines::kSkipped, table);
  check(records);
  Record record;
  bool any = false, more = true;
  while (more && records.next(record)) {
    any = true;
    more = take(record);
  }
  if (!any) fail(ErrorCode::kBadData, path.string(), ": no examples in it");
  return records.short_rows();
}

std::vector<std::string> names_in(const std::string& list) {
  return list.empty() ? std::vector<std::string>() : split(list, ',');
}

void require_answer(const RecordReader& reader, const AnswerColumns& answer) {
  if (answer.each.empty()) reader.require_column(answer.column, option::kLabelColumn);
  for (const auto& column : answer.each) reader.require_column(column, option::kLabelColumns);
}

// Whether a column of its own says that an example has a label.
bool is_set(const Record& record, const std::string& column) {
  const std::string value = ascii_lower(record.scalar_at(column));
  if (value == "1" || value == "true") return true;
  if (value == "0" || value == "false") return false;
  fail(ErrorCode::kBadData, record.place(), ": ", in_quotes(column), ": found ", in_quotes(value),
       ", wanted one of 0, 1, true, false");
}

PlacedAnswer answer_of(const Record& record, const AnswerColumns& columns) {
  PlacedAnswer answer{record.place(), {}};
  for (const auto& column : columns.each)
    if (is_set(record, column)) answer.labels.push_back(column);
  if (!columns.each.empty()) return answer;
  if (columns.problem == Problem::kMultiLabel)
    answer.labels = record.list_at(columns.column);
  else
    answer.labels = {record.scalar_at(columns.column)};
  return answer;
}

}  // namespace

TaskOption columns_flag() {
  return {option::kColumns, "", "names of the columns, by commas, for tables without a header"};
}

TaskOption short_rows_flag() {
  return {option::kSkipShortRows, false, "leave out rows of tables that have too few columns"};
}

std::vector<TaskOption> text_flags() {
  return {{option::kTextColumn,
           "text",
           "column or key of the text",
           {"text_key", "text_column_name", "text_column_names"}},
          {option::kPairColumn,
           "",
           "column or key of the second text; else text_pair, where it is there",
           {"pair_key"}},
          {option::kTruncation, "slow",
           "slow: a pair is cut as by transformers' slow tokenizers and Google; fast: as by the "
           "tokenizers library"},
          columns_flag()};
}

TableOptions table_options(const TaskOptions& options) {
  return {names_in(options.get<std::string>(option::kColumns)),
          options.find(option::kSkipShortRows) && options.get<bool>(option::kSkipShortRows)};
}

TextColumns text_columns(const TaskOptions& options) {
  TextColumns columns;
  columns.text = options.get<std::string>(option::kTextColumn);
  const auto& pair = options.get<std::string>(option::kPairColumn);
  columns.pair_is_required = !pair.empty();
  if (columns.pair_is_required) columns.pair = pair;
  columns.table = table_options(options);
  return columns;
}

Truncation truncation_of(const TaskOptions& options) {
  const auto& name = options.get<std::string>(option::kTruncation);
  if (name != "slow" && name != "fast")
    fail(ErrorCode::kUsage, "--truncation ", printable(name), ": wanted one of slow, fast");
  return name == "slow" ? Truncation::kLongestFirst : Truncation::kLongestFirstFast;
}

void require_columns(const RecordReader& reader, const TextColumns& columns) {
  reader.require_column(columns.text, option::kTextColumn);
  if (columns.pair_is_required) reader.require_column(columns.pair, option::kPairColumn);
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

AnswerColumns answer_columns(Problem problem, const TaskOptions& options) {
  AnswerColumns columns{problem, options.get<std::string>(option::kLabelColumn)};
  if (problem == Problem::kMultiLabel)
    columns.each = names_in(options.get<std::string>(option::kLabelColumns));
  return columns;
}

std::vector<TextExample> read_text_examples(const std::filesystem::path& path,
                                            const TextColumns& columns, const AnswerColumns& answer,
                                            const ExampleChoice& choice, int64_t& short_rows) {
  std::vector<TextExample> examples;
  short_rows += for_each_record(
      path, columns.table,
      [&](const RecordReader& reader) {
        require_columns(reader, columns);
        require_answer(reader, answer);
      },
      [&](const Record& record) {
        if (!choice.wanted || choice.wanted(record))
          examples.push_back({text_of(record, columns), answer_of(record, answer)});
        return choice.most <= 0 || static_cast<int64_t>(examples.size()) < choice.most;
      });
  return examples;
}

std::vector<PlacedAnswer> read_answers(const std::filesystem::path& path, const TableOptions& table,
                                       const AnswerColumns& answer) {
  std::vector<PlacedAnswer> answers;
  for_each_record(
      path, table, [&](const RecordReader& reader) { require_answer(reader, answer); },
      [&](const Record& record) {
        answers.push_back(answer_of(record, answer));
        return true;
      });
  return answers;
}

}  // namespace albert
