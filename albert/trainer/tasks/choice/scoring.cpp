// Files of predictions against what is right, as JSON and as text.
#include <nlohmann/json.hpp>
#include <sstream>

#include "albert/trainer/tasks/choice/reports.h"
#include "albert/trainer/tasks/choice/scores.h"
#include "albert/trainer/tasks/choice/stages.h"
#include "albert/trainer/tasks/classification/answers.h"
#include "albert/trainer/tasks/classification/predictions.h"

namespace albert {

ScoreReport choice_report(std::span<const int64_t> predicted,
                          const std::vector<ChoiceExample>& gold) {
  std::vector<int64_t> right;
  std::vector<std::string> levels;
  for (const ChoiceExample& example : gold) {
    right.push_back(*example.label);
    levels.push_back(example.level);
  }
  const Metrics counts = choice_counts(levels), scores = choice_scores(predicted, right, levels);
  nlohmann::ordered_json json;
  for (const auto& [name, value] : scores.values()) json[name] = value;
  for (const auto& [suffix, count] : counts.values())
    json["examples" + suffix] = static_cast<int64_t>(count);
  std::ostringstream text;
  for (const auto& [name, value] : json.items()) text << name << " " << value << "\n";
  return {json.dump(), text.str()};
}

ScoreReport score_choice(const ScoringRequest& request) {
  DeclaredChoices declared;
  const auto gold =
      read_choice_examples(request.gold, {.level = chosen_level(request.options)}, declared);
  const TaskLabels labels = choice_labels(declared.count);
  const auto predicted =
      read_predictions(request.predictions, Problem::kSingleLabel, labels, gold.size());
  return choice_report(classes_of(answers_in(Problem::kSingleLabel, predicted, labels)), gold);
}

}  // namespace albert
