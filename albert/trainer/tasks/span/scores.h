#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace albert {

// Which of the two official scripts counts: evaluate-v1.1.py or evaluate-v2.0.py. Empty answers are
// wrong in v1.1 and the right ones of questions without an answer in v2.0.
enum class SquadVersion : uint8_t { k1, k2 };

// In lower case, without ASCII punctuation and without the words a, an and the, words being
// separated by one blank: normalize_answer() of both scripts, with Python's rules of Unicode.
std::string normalized_answer(std::string_view valid_utf8);

// The best agreement of a prediction with any of the right answers.
struct AnswerScore {
  double exact = 0, f1 = 0;  // 0 to 1
};
AnswerScore score_answer(std::string_view predicted, const std::vector<std::string>& gold,
                         SquadVersion version);

// What the scripts are told of one question.
struct ScoredAnswer {
  AnswerScore score;
  bool has_answer = true;       // there is a right one
  bool empty = false;           // the prediction is the empty string
  double no_answer_score = 0;   // of --na-prob-file
  int64_t no_answer_place = 0;  // where that file has it: equal scores are taken in its order
};

struct MeanScores {
  double exact = 0, f1 = 0;  // percent
  int64_t total = 0;
};
// The threshold on no_answer_score above which "no answer" gives the best mean.
struct BestScores {
  double exact = 0, exact_threshold = 0, f1 = 0, f1_threshold = 0;
};
struct SquadScores {
  MeanScores all;
  std::optional<MeanScores> has_answer, no_answer;  // v2.0 alone, where there are such questions
  std::optional<BestScores> best;
};

// Sums in the order of the answers, as the scripts do, so that every digit is theirs. An answer
// whose no_answer_score is above `threshold` counts as empty (v2.0).
SquadScores squad_scores(const std::vector<ScoredAnswer>& answers, SquadVersion version,
                         double threshold = 1);
BestScores best_scores(const std::vector<ScoredAnswer>& answers);

}  // namespace albert
