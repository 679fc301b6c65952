#include "albert/trainer/tasks/span/details.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <functional>
#include <sstream>

#include "albert/base/ascii.h"
#include "albert/trainer/tasks/report_tables.h"

namespace albert {
namespace {

std::string one_digit(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

const std::string& first_answer(const SquadQuestion& question) {
  static const std::string none;
  return question.answers.empty() ? none : question.answers.front().text;
}

int64_t words_in(const std::string& text) {
  std::istringstream words(text);
  int64_t count = 0;
  for (std::string word; words >> word;) ++count;
  return count;
}

bool has_digit(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

std::string kind_of(const SquadQuestion& question) {
  const std::string& answer = first_answer(question);
  if (answer.empty()) return "no answer";
  if (has_digit(answer)) return "number or date";
  return std::isupper(static_cast<unsigned char>(answer.front())) ? "name" : "other words";
}

std::string length_of(const SquadQuestion& question) {
  const int64_t words = words_in(first_answer(question));
  if (words == 0) return "no answer";
  return words == 1    ? "1"
         : words == 2  ? "2"
         : words <= 5  ? "3 to 5"
         : words <= 10 ? "6 to 10"
                       : "over 10";
}

// The first word that asks, wherever it stands: "In what year ..".
std::string asking_word(const SquadQuestion& question) {
  std::istringstream words(ascii_lower(question.question));
  for (std::string word; words >> word;)
    for (const char* known :
         {"what", "who", "whom", "whose", "when", "where", "which", "why", "how"})
      if (word == known || word == std::string(known) + "'s") return known;
  return "none of these";
}

using GroupOf = std::function<std::string(const SquadQuestion&)>;

ReportTable grouped(const std::string& title, const std::vector<SquadQuestion>& questions,
                    const std::vector<ScoredAnswer>& scored, const GroupOf& group_of) {
  struct Sums {
    std::string name;
    double exact = 0, f1 = 0;
    int64_t count = 0;
  };
  std::vector<Sums> groups;
  for (size_t i = 0; i < questions.size(); ++i) {
    const std::string name = group_of(questions[i]);
    auto at = std::find_if(groups.begin(), groups.end(),
                           [&](const Sums& group) { return group.name == name; });
    if (at == groups.end()) at = groups.insert(groups.end(), {name});
    at->exact += scored[i].score.exact;
    at->f1 += scored[i].score.f1;
    ++at->count;
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Sums& a, const Sums& b) { return a.count > b.count; });
  ReportTable table{.title = title, .columns = {"", "questions", "exact match", "F1"}};
  for (const Sums& group : groups) {
    const auto percent = 100 / static_cast<double>(group.count);
    table.rows.push_back({group.name, std::to_string(group.count), one_digit(percent * group.exact),
                          one_digit(percent * group.f1)});
  }
  return table;
}

ReportTable worst(const std::vector<SquadQuestion>& questions,
                  const std::vector<std::string>& predicted,
                  const std::vector<ScoredAnswer>& scored) {
  std::vector<double> lacks;
  for (const ScoredAnswer& answer : scored) lacks.push_back(1 - answer.score.f1);
  ReportTable table{.title = "answered worst",
                    .note = "of equal F1 those that the file has first",
                    .columns = {"question", "right", "predicted", "F1"}};
  for (const size_t i : most_wrong(lacks))
    table.rows.push_back({questions[i].question, first_answer(questions[i]), predicted[i],
                          one_digit(100 * scored[i].score.f1)});
  return table;
}

}  // namespace

ReportDetails span_details(const std::vector<SquadQuestion>& questions,
                           const std::vector<std::string>& predicted,
                           const std::vector<ScoredAnswer>& scored) {
  return {.tables = {grouped("by kind of answer", questions, scored, kind_of),
                     grouped("by words in the answer", questions, scored, length_of),
                     grouped("by the word that asks", questions, scored, asking_word),
                     worst(questions, predicted, scored)},
          .attention = {}};
}

}  // namespace albert
