#include "albert/trainer/tasks/classification/scores.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "albert/base/error.h"
#include "albert/base/text_reader.h"
#include "albert/trainer/tasks/records.h"

namespace albert {
namespace {

struct Marginals {
  std::vector<double> right, predicted;
};

Marginals marginals_of(const std::vector<std::vector<int64_t>>& confusion) {
  Marginals m{std::vector<double>(confusion.size()), std::vector<double>(confusion.size())};
  for (size_t i = 0; i < confusion.size(); ++i)
    for (size_t j = 0; j < confusion.size(); ++j) {
      m.right[i] += static_cast<double>(confusion[i][j]);
      m.predicted[j] += static_cast<double>(confusion[i][j]);
    }
  return m;
}

// Matthews' correlation for any number of classes (Gorodkin 2004).
double matthews(double correct, double examples, const Marginals& m) {
  double both = 0, right = 0, predicted = 0;
  for (size_t i = 0; i < m.right.size(); ++i) {
    both += m.right[i] * m.predicted[i];
    right += m.right[i] * m.right[i];
    predicted += m.predicted[i] * m.predicted[i];
  }
  const double norm = std::sqrt((examples * examples - right) * (examples * examples - predicted));
  return norm > 0 ? (correct * examples - both) / norm : 0;
}

std::vector<std::string> columns_of(const std::string& line) {
  std::vector<std::string> columns{""};
  for (const char c : line) {
    if (c == '\t')
      columns.emplace_back();
    else
      columns.back() += c;
  }
  return columns;
}

// The column of predictions, where this line is a header: one that names it.
std::optional<size_t> header_column(const std::string& line, const TaskLabels& labels) {
  const std::vector<std::string> columns = columns_of(line);
  for (const char* name : {"prediction", "predictions", "label"}) {
    const auto is_name = [&](std::string column) {
      for (char& c : column) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      return column == name;
    };
    const auto at = std::find_if(columns.begin(), columns.end(), is_name);
    if (at != columns.end() && !find_label(labels, *at))
      return static_cast<size_t>(at - columns.begin());
  }
  return std::nullopt;
}

// The label of a line of text: in the header's column, or the last.
std::string label_in(const Record& record, std::optional<size_t> column) {
  const std::vector<std::string> columns = columns_of(record.line());
  const size_t at = column.value_or(columns.size() - 1);
  if (at >= columns.size())
    fail(ErrorCode::kBadData, record.place(), ": found ", columns.size(), " columns, wanted ",
         at + 1, " or more as in the header");
  return columns[at];
}

}  // namespace

ClassificationScores classification_scores(const std::vector<int64_t>& predicted,
                                           const std::vector<int64_t>& right, int64_t classes) {
  ALBERT_CHECK(predicted.size() == right.size(), "as many predictions as examples");
  const auto n = static_cast<size_t>(classes);
  ClassificationScores s;
  s.examples = static_cast<int64_t>(right.size());
  s.confusion.assign(n, std::vector<int64_t>(n));
  for (size_t i = 0; i < right.size(); ++i)
    ++s.confusion[static_cast<size_t>(right[i])][static_cast<size_t>(predicted[i])];
  const Marginals m = marginals_of(s.confusion);
  double correct = 0;
  for (size_t i = 0; i < n; ++i) {
    const double both = static_cast<double>(s.confusion[i][i]),
                 either = m.right[i] + m.predicted[i];
    correct += both;
    s.f1.push_back(either > 0 ? 2 * both / either : 0);
    s.macro_f1 += s.f1.back() / static_cast<double>(n);
  }
  s.accuracy = s.examples > 0 ? correct / static_cast<double>(s.examples) : 0;
  s.matthews_correlation = matthews(correct, static_cast<double>(s.examples), m);
  return s;
}

std::vector<PlacedLabel> read_predictions(const std::filesystem::path& path,
                                          const TaskLabels& labels) {
  TextReader reader(path);
  RecordReader records(reader, is_json_lines(path) ? RecordFormat::kJson : RecordFormat::kLines,
                       BlankLines::kSkipped);
  std::vector<PlacedLabel> predictions;
  std::optional<size_t> column;
  bool first = true;
  for (Record record; records.next(record); first = false) {
    if (first && record.is_text()) {
      column = header_column(record.line(), labels);
      if (column) continue;
    }
    predictions.push_back(
        {record.place(), record.is_text() ? label_in(record, column) : record.at("label")});
  }
  return predictions;
}

}  // namespace albert
