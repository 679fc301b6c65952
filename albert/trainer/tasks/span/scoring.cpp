// Files of predictions against the right answers, as JSON and as text.
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/base/text_reader.h"
#include "albert/trainer/tasks/span/reports.h"
#include "albert/trainer/tasks/span/squad_file.h"
#include "albert/trainer/tasks/span/stages.h"

namespace albert {
namespace {

using nlohmann::ordered_json;

[[noreturn]] void fail_missing(const std::string& file, const std::vector<std::string>& ids,
                               const std::filesystem::path& gold) {
  fail(ErrorCode::kBadData, file, ": found no entry for ", ids.size(), " of the questions of ",
       gold.string(), ", wanted one for each; the first is ", in_quotes(ids.front()));
}

// The answer of each question, from a file {"id": "answer", ..}.
std::vector<std::string> read_predictions(const ScoringRequest& request,
                                          const std::vector<SquadQuestion>& gold) {
  const std::string name = request.predictions.string();
  const nlohmann::json document = parse_json(name, read_whole_text(request.predictions));
  const JsonView predictions(name, document);
  std::vector<std::string> answers, missing;
  for (const SquadQuestion& question : gold)
    if (predictions.object().raw().contains(question.id))
      answers.push_back(predictions.at(question.id).string());
    else
      missing.push_back(question.id);
  if (!missing.empty()) fail_missing(name, missing, request.gold);
  return answers;
}

// Sets the score that each question has no answer, from a file {"id": 0.5, ..}.
void read_no_answer_scores(const std::string& name, const ScoringRequest& request,
                           const std::vector<SquadQuestion>& gold,
                           std::vector<ScoredAnswer>& answers) {
  const ordered_json document = parse_ordered_json(name, read_whole_text(name));
  if (!document.is_object())
    fail(ErrorCode::kBadData, name, ": found ", describe(nlohmann::json(document)),
         ", wanted an object of numbers");
  std::unordered_map<std::string, std::pair<double, int64_t>> scores;
  for (const auto& [id, score] : document.items()) {
    if (!score.is_number())
      fail(ErrorCode::kBadData, name, ": ", printable(id), ": found ",
           describe(nlohmann::json(score)), ", wanted a number");
    scores.emplace(id, std::pair(score.get<double>(), static_cast<int64_t>(scores.size())));
  }
  std::vector<std::string> missing;
  for (size_t i = 0; i < gold.size(); ++i) {
    const auto at = scores.find(gold[i].id);
    if (at == scores.end())
      missing.push_back(gold[i].id);
    else
      std::tie(answers[i].no_answer_score, answers[i].no_answer_place) = at->second;
  }
  if (!missing.empty()) fail_missing(name, missing, request.gold);
}

}  // namespace

ScoreReport score_squad(const ScoringRequest& request) {
  namespace option = span_options;
  const SquadVersion version = squad_version(request.options);
  const auto gold = read_squad(request.gold, AnswerStarts::kIgnored);
  if (version == SquadVersion::k1) require_answers(gold);
  auto answers = scored_answers(gold, read_predictions(request, gold), version);
  const auto& file = request.options.get<std::string>(option::kNoAnswerFile);
  const auto threshold = request.options.get<double>(option::kNoAnswerThreshold);
  if (!file.empty()) read_no_answer_scores(file, request, gold, answers);
  SquadScores scores = squad_scores(answers, version, threshold);
  if (!file.empty() && version == SquadVersion::k2) scores.best = best_scores(answers);
  return {json_of(scores, version), text_of(scores, version)};
}

}  // namespace albert
