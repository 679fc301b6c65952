#include "albert/trainer/tasks/span/reports.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "albert/trainer/tasks/span/stages.h"

namespace albert {
namespace {

bool is_count(const std::string& name) { return name.ends_with("total"); }

void add_means(Metrics& metrics, const std::string& prefix,
               const std::optional<MeanScores>& means) {
  if (!means) return;
  metrics.set(prefix + "exact", means->exact);
  metrics.set(prefix + "f1", means->f1);
  metrics.set(prefix + "total", static_cast<double>(means->total));
}

}  // namespace

SquadVersion squad_version(const TaskOptions& options) {
  return options.get<bool>(span_options::kVersion2) ? SquadVersion::k2 : SquadVersion::k1;
}

std::vector<ScoredAnswer> scored_answers(const std::vector<SquadQuestion>& gold,
                                         const std::vector<std::string>& predicted,
                                         SquadVersion version) {
  std::vector<ScoredAnswer> answers;
  for (size_t i = 0; i < gold.size(); ++i) {
    std::vector<std::string> right;
    for (const SquadAnswer& answer : gold[i].answers) right.push_back(answer.text);
    answers.push_back({.score = score_answer(predicted[i], right, version),
                       .has_answer = !right.empty(),
                       .empty = predicted[i].empty(),
                       .no_answer_place = static_cast<int64_t>(i)});
  }
  return answers;
}

std::vector<std::string> texts_of(const std::vector<AnswerChoice>& choices) {
  std::vector<std::string> texts;
  for (const AnswerChoice& choice : choices) texts.push_back(choice.answer.text);
  return texts;
}

SquadScores scores_of(const std::vector<SquadQuestion>& gold,
                      const std::vector<AnswerChoice>& choices, SquadVersion version) {
  const std::vector<std::string> texts = texts_of(choices);
  auto answers = scored_answers(gold, texts, version);
  SquadScores scores = squad_scores(answers, version);
  if (version == SquadVersion::k1) return scores;
  std::vector<std::string> unthresholded;
  for (const AnswerChoice& choice : choices) unthresholded.push_back(choice.unthresholded);
  if (unthresholded != texts) answers = scored_answers(gold, unthresholded, version);
  for (size_t i = 0; i < answers.size(); ++i)
    answers[i].no_answer_score = *choices[i].null_score_diff;
  scores.best = best_scores(answers);
  return scores;
}

Metrics metrics_of(const SquadScores& scores, SquadVersion version) {
  if (version == SquadVersion::k1)
    return {{"exact_match", scores.all.exact}, {"f1", scores.all.f1}};
  Metrics metrics;
  add_means(metrics, "", scores.all);
  add_means(metrics, "HasAns_", scores.has_answer);
  add_means(metrics, "NoAns_", scores.no_answer);
  if (!scores.best) return metrics;
  metrics.set("best_exact", scores.best->exact);
  metrics.set("best_exact_thresh", scores.best->exact_threshold);
  metrics.set("best_f1", scores.best->f1);
  metrics.set("best_f1_thresh", scores.best->f1_threshold);
  return metrics;
}

std::string json_of(const SquadScores& scores, SquadVersion version) {
  nlohmann::ordered_json json;
  const Metrics metrics = metrics_of(scores, version);
  for (const auto& [name, value] : metrics.values())
    if (is_count(name))
      json[name] = static_cast<int64_t>(value);
    else
      json[name] = value;
  return json.dump();
}

std::string text_of(const SquadScores& scores, SquadVersion version) {
  std::ostringstream out;
  const Metrics metrics = metrics_of(scores, version);
  for (const auto& [name, value] : metrics.values()) out << name << " " << value << "\n";
  return out.str();
}

}  // namespace albert
