#pragma once
// Scores under the names of the official scripts.
#include "albert/inference/answer_search.h"
#include "albert/trainer/loop/metrics.h"
#include "albert/trainer/tasks/span/scores.h"
#include "albert/trainer/tasks/span/squad_file.h"
#include "albert/trainer/tasks/task_options.h"

namespace albert {

// k2 under --version_2_with_negative.
SquadVersion squad_version(const TaskOptions& options);

// One for each question; `predicted` has as many.
std::vector<ScoredAnswer> scored_answers(const std::vector<SquadQuestion>& gold,
                                         const std::vector<std::string>& predicted,
                                         SquadVersion version);

std::vector<std::string> texts_of(const std::vector<AnswerChoice>& choices);

// Of one choice for each question; of v2.0 with the best over thresholds on null_score_diff.
SquadScores scores_of(const std::vector<SquadQuestion>& gold,
                      const std::vector<AnswerChoice>& choices, SquadVersion version);

// exact_match, f1; or exact, f1, total, HasAns_exact, .., best_f1_thresh.
Metrics metrics_of(const SquadScores& scores, SquadVersion version);
std::string json_of(const SquadScores& scores, SquadVersion version);  // one line
std::string text_of(const SquadScores& scores, SquadVersion version);  // a line for each

}  // namespace albert
