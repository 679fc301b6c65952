#include "albert/trainer/tasks/classification/scores.h"

#include <cmath>

#include "albert/base/error.h"
#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/base/text_reader.h"

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

// The label of one line: the value under "label", the column behind the tab, or the line.
std::string label_in(const TextReader& reader, const std::string& line) {
  if (line.front() != '{') {
    const size_t tab = line.rfind('\t');
    return tab == std::string::npos ? line : line.substr(tab + 1);
  }
  const auto object = parse_json_line(reader.name(), reader.line(), line);
  if (object.is_object() && object.contains("label")) {
    const auto& label = object["label"];
    return label.is_string() ? label.get<std::string>() : label.dump();
  }
  fail(ErrorCode::kBadData, reader.name(), ":", reader.line(), ": no \"label\" in ",
       printable(line.substr(0, 80)));
}

int64_t class_of(const TextReader& reader, const std::string& label,
                 const std::vector<std::pair<std::string, std::string>>& labels) {
  std::vector<std::string> known;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (label == labels[i].first || label == labels[i].second) return static_cast<int64_t>(i);
    known.push_back(labels[i].second);
  }
  fail(ErrorCode::kBadData, reader.name(), ":", reader.line(), ": found the label ",
       in_quotes(label), ", wanted ", one_of(known));
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

std::vector<int64_t> read_predictions(
    const std::filesystem::path& path,
    const std::vector<std::pair<std::string, std::string>>& labels) {
  TextReader reader(path);
  std::vector<int64_t> predictions;
  for (std::string line; reader.next(line);) {
    const bool header = reader.line() == 1 &&
                        (line == "index\tprediction" || line == "prediction" || line == "label");
    if (line.empty() || header) continue;
    predictions.push_back(class_of(reader, label_in(reader, line), labels));
  }
  return predictions;
}

}  // namespace albert
