// What report.html shows of questions with options.
#include "albert/trainer/tasks/choice/details.h"

#include <algorithm>
#include <cmath>

#include "albert/inference/batches.h"
#include "albert/trainer/tasks/choice/scores.h"
#include "albert/trainer/tasks/report_tables.h"
#include "albert/trainer/tasks/rounding.h"

namespace albert {
namespace {

// Questions with what the model makes of them.
struct Evaluated {
  const ChoiceExamples& examples;
  std::vector<std::vector<double>> probabilities;  // of each question's options
  std::vector<int64_t> chosen;

  size_t options() const { return probabilities.front().size(); }
  double right_one(size_t i) const {
    return probabilities[i][static_cast<size_t>(examples.labels[i])];
  }
};

Evaluated evaluated(const ChoiceExamples& examples, std::span<const double> outputs) {
  Evaluated result{examples, {}, {}};
  const size_t options = outputs.size() / examples.inputs.size();
  for (size_t at = 0; at < outputs.size(); at += options) {
    const auto& p = result.probabilities.emplace_back(softmax(outputs.subspan(at, options)));
    result.chosen.push_back(std::max_element(p.begin(), p.end()) - p.begin());
  }
  return result;
}

ReportTable by_level(const Evaluated& e) {
  ReportTable table{.title = "by level",
                    .columns = {"", "questions", "options", "accuracy", "by chance"}};
  const Metrics scores = choice_scores(e.chosen, e.examples.labels, e.examples.levels),
                counts = choice_counts(e.examples.levels);
  const std::string chance = three_digits(1 / static_cast<double>(e.options()));
  for (const auto& [suffix, count] : counts.values())
    table.rows.push_back({suffix.empty() ? "all" : suffix.substr(1),
                          std::to_string(static_cast<int64_t>(count)), std::to_string(e.options()),
                          three_digits(scores.at("accuracy" + suffix)), chance});
  return table;
}

ReportTable by_option(const std::vector<std::string>& names, const Confusion& confusion) {
  ReportTable table{.title = "by the right option",
                    .columns = {"option", "questions", "chosen", "precision", "recall", "F1"}};
  const std::vector<EntityCounts> counts = counts_of(confusion);
  for (size_t i = 0; i < names.size(); ++i) table.rows.push_back(scores_row(names[i], counts[i]));
  return table;
}

// "A (0.12): the option behind its question"
std::string option_text(const Evaluated& e, size_t question, int64_t option,
                        const std::string& name, const Tokenizer& tokenizer) {
  const auto at = static_cast<size_t>(option);
  return name + " (" + three_digits(e.probabilities[question][at]) +
         "): " + clipped(tokenizer.decode(e.examples.inputs[question].options[at], false));
}

ReportTable most_wrong_questions(const Evaluated& e, const std::vector<std::string>& names,
                                 const Tokenizer& tokenizer) {
  std::vector<double> losses;
  for (size_t i = 0; i < e.chosen.size(); ++i) losses.push_back(-std::log(e.right_one(i)));
  ReportTable table{.title = "most wrong",
                    .note = "held-out questions with the largest loss, options with probabilities",
                    .columns = {"context", "right", "chosen", "loss"}};
  for (const size_t i : most_wrong(losses)) {
    const int64_t right = e.examples.labels[i], chosen = e.chosen[i];
    const auto text = [&](int64_t option) {
      return option_text(e, i, option, names[static_cast<size_t>(option)], tokenizer);
    };
    table.rows.push_back({clipped(tokenizer.decode(*e.examples.inputs[i].context, false)),
                          text(right), text(chosen), three_digits(losses[i])});
  }
  return table;
}

}  // namespace

ReportDetails choice_details(const ChoiceExamples& examples, std::span<const double> outputs,
                             const Tokenizer& tokenizer) {
  const Evaluated e = evaluated(examples, outputs);
  const auto options = static_cast<int64_t>(e.options());
  const std::vector<std::string> names = names_of(choice_labels(options));
  const Confusion confusion = confusion_of(e.chosen, examples.labels, options);
  return {.tables = {by_level(e), by_option(names, confusion),
                     confusion_table("which option is taken for which", names, confusion),
                     most_wrong_questions(e, names, tokenizer)},
          .attention = {}};
}

}  // namespace albert
