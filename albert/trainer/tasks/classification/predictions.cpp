#include "albert/trainer/tasks/classification/predictions.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>

#include "albert/base/ascii.h"
#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/base/split.h"
#include "albert/base/text_reader.h"

namespace albert {
namespace {

// A prediction, and which example it says it is of.
struct Numbered {
  PlacedAnswer answer;
  std::optional<std::string> number;
};

class PredictionReader {
 public:
  PredictionReader(const std::filesystem::path& path, Problem problem, const TaskLabels& labels)
      : problem_(problem),
        labels_(labels),
        reader_(path),
        records_(reader_, is_json_lines(path) ? RecordFormat::kJson : RecordFormat::kLines) {}

  std::vector<Numbered> read() {
    std::vector<Numbered> predictions;
    bool first = true;
    for (Record record; records_.next(record); first = false) {
      last_line_ = record.number();
      if (first && record.is_text() && read_header(record.line())) continue;
      predictions.push_back(prediction_in(record));
    }
    return predictions;
  }
  // "file:12", its last line.
  std::string end() const { return reader_.name() + ":" + std::to_string(last_line_); }

 private:
  // Whether this line is a header: one that names the column of predictions.
  bool read_header(const std::string& line) {
    const std::vector<std::string> columns = split(line, '\t');
    value_at_ = column_named(columns, {"prediction", "predictions", "label", "labels", "score"});
    if (value_at_) number_at_ = column_named(columns, {"index", "id"});
    return value_at_.has_value();
  }

  std::optional<size_t> column_named(const std::vector<std::string>& columns,
                                     std::initializer_list<const char*> names) const {
    for (const std::string name : names)
      for (size_t i = 0; i < columns.size(); ++i)
        if (ascii_lower(columns[i]) == name && !find_label(labels_, columns[i])) return i;
    return std::nullopt;
  }

  Numbered prediction_in(const Record& record) const {
    Numbered one{{record.place(), {}}, std::nullopt};
    if (!record.is_text()) {
      one.answer.labels = labels_in(record);
      return one;
    }
    const std::vector<std::string> cells = split(record.line(), '\t');
    const size_t at = value_at_.value_or(cells.size() - 1),
                 most = std::max(at, number_at_.value_or(0));
    if (most >= cells.size())
      fail(ErrorCode::kBadData, record.place(), ": found ", cells.size(), " columns, wanted ",
           most + 1, " or more as in the header");
    if (number_at_) one.number = cells[*number_at_];
    if (problem_ != Problem::kMultiLabel)
      one.answer.labels = {cells[at]};
    else if (!cells[at].empty())
      one.answer.labels = split(cells[at], ',');
    return one;
  }

  std::vector<std::string> labels_in(const Record& record) const {
    switch (problem_) {
      case Problem::kSingleLabel: return {record.scalar_at("label")};
      case Problem::kMultiLabel: return record.list_at("labels");
      case Problem::kRegression: break;
    }
    return {record.scalar_at("score")};
  }

  Problem problem_;
  const TaskLabels& labels_;
  TextReader reader_;
  RecordReader records_;
  std::optional<size_t> value_at_, number_at_;
  int64_t last_line_ = 1;
};

size_t number_of(const Numbered& one, size_t examples) {
  const std::string& text = *one.number;
  size_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number >= examples)
    fail(ErrorCode::kBadData, one.answer.place, ": found the index ", in_quotes(text),
         ", wanted 0 to ", examples - 1);
  return number;
}

std::vector<PlacedAnswer> in_order(const std::vector<Numbered>& predictions, size_t examples,
                                   const std::string& end) {
  std::vector<std::optional<PlacedAnswer>> by_number(examples);
  for (const Numbered& one : predictions) {
    auto& taken = by_number[number_of(one, examples)];
    if (taken)
      fail(ErrorCode::kBadData, one.answer.place, ": found the index ", in_quotes(*one.number),
           " again, wanted each once; it is also in ", taken->place);
    taken = one.answer;
  }
  std::vector<PlacedAnswer> ordered;
  for (auto& answer : by_number) {
    if (!answer)
      fail(ErrorCode::kBadData, end, ": found the end without the index ", ordered.size(),
           ", wanted 0 to ", examples - 1);
    ordered.push_back(std::move(*answer));
  }
  return ordered;
}

}  // namespace

std::vector<PlacedAnswer> read_predictions(const std::filesystem::path& path, Problem problem,
                                           const TaskLabels& labels, size_t examples) {
  PredictionReader reader(path, problem, labels);
  const std::vector<Numbered> predictions = reader.read();
  if (!predictions.empty() && predictions.front().number)
    return in_order(predictions, examples, reader.end());
  if (predictions.size() > examples)
    fail(ErrorCode::kBadData, predictions[examples].answer.place, ": found prediction ",
         examples + 1, ", wanted ", examples, ", one for each example");
  if (predictions.size() < examples)
    fail(ErrorCode::kBadData, reader.end(), ": found the end behind ", predictions.size(),
         " predictions, wanted ", examples, ", one for each example");
  std::vector<PlacedAnswer> answers;
  for (const Numbered& one : predictions) answers.push_back(one.answer);
  return answers;
}

}  // namespace albert
