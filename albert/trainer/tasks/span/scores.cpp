#include "albert/trainer/tasks/span/scores.h"

#include <algorithm>
#include <functional>
#include <map>

#include "albert/base/error.h"
#include "albert/tokenizer/preprocess.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

using Words = std::vector<std::string>;

bool is_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

// Python's str.lower(), then without ASCII punctuation.
std::string lowered(std::string_view text) {
  std::string lower = preprocess(text, {.preprocessing = Preprocessing::kGoogle,
                                        .do_lower_case = true,
                                        .keep_accents = true})
                          .text;
  std::erase_if(lower, is_punctuation);
  return lower;
}

// The text with a blank in the place of every run of word characters that is an article:
// re.sub(r"\b(a|an|the)\b", " ", text).
std::string without_articles(const std::string& text) {
  std::string result, run;
  const auto end_run = [&] {
    result += run == "a" || run == "an" || run == "the" ? " " : run;
    run.clear();
  };
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const bool word = is_word_character(read_code_point(text, at));
    if (!word) end_run();
    (word ? run : result).append(text, begin, at - begin);
  }
  end_run();
  return result;
}

// Python's str.split().
Words words_of(const std::string& text) {
  Words words;
  bool inside = false;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const bool space = is_space(read_code_point(text, at));
    if (!space && !inside) words.emplace_back();
    if (!space) words.back().append(text, begin, at - begin);
    inside = !space;
  }
  return words;
}

int64_t common_words(const Words& a, const Words& b) {
  std::map<std::string, int64_t> counts;
  for (const auto& word : a) ++counts[word];
  int64_t common = 0;
  for (const auto& word : b) common += counts[word]-- > 0;
  return common;
}

double f1_of(const Words& predicted, const Words& gold, SquadVersion version) {
  if (version == SquadVersion::k2 && (predicted.empty() || gold.empty()))
    return predicted.empty() && gold.empty() ? 1 : 0;
  const auto same = static_cast<double>(common_words(predicted, gold));
  if (same == 0) return 0;
  const double precision = same / static_cast<double>(predicted.size()),
               recall = same / static_cast<double>(gold.size());
  return (2 * precision * recall) / (precision + recall);
}

Words normalized_words(std::string_view text) { return words_of(without_articles(lowered(text))); }

std::vector<Words> gold_words(const std::vector<std::string>& gold, SquadVersion version) {
  std::vector<Words> all;
  for (const std::string& answer : gold) {
    Words words = normalized_words(answer);
    if (version == SquadVersion::k1 || !words.empty()) all.push_back(std::move(words));
  }
  if (all.empty()) all.emplace_back();
  return all;
}

using Wanted = std::function<bool(const ScoredAnswer&)>;

std::optional<MeanScores> mean_of(const std::vector<ScoredAnswer>& answers, const Wanted& wanted,
                                  double threshold) {
  MeanScores sums;
  for (const ScoredAnswer& answer : answers) {
    if (!wanted(answer)) continue;
    const bool none = answer.no_answer_score > threshold;
    const double right_if_none = answer.has_answer ? 0 : 1;
    sums.exact += none ? right_if_none : answer.score.exact;
    sums.f1 += none ? right_if_none : answer.score.f1;
    ++sums.total;
  }
  if (sums.total == 0) return std::nullopt;
  const auto total = static_cast<double>(sums.total);
  return MeanScores{100.0 * sums.exact / total, 100.0 * sums.f1 / total, sums.total};
}

// find_best_thresh() of evaluate-v2.0.py: everything is unanswered at first, then one answer after
// the other is given, those that are least likely to have none before others.
std::pair<double, double> best_of(const std::vector<const ScoredAnswer*>& ascending,
                                  double AnswerScore::*which) {
  double score = 0, threshold = 0;
  for (const ScoredAnswer* answer : ascending) score += answer->has_answer ? 0 : 1;
  double best = score;
  for (const ScoredAnswer* answer : ascending) {
    if (answer->has_answer)
      score += answer->score.*which;
    else if (!answer->empty)
      score -= 1;
    if (score > best) {
      best = score;
      threshold = answer->no_answer_score;
    }
  }
  return {100.0 * best / static_cast<double>(ascending.size()), threshold};
}

}  // namespace

std::string normalized_answer(std::string_view text) {
  std::string joined;
  for (const std::string& word : normalized_words(text))
    joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

AnswerScore score_answer(std::string_view predicted, const std::vector<std::string>& gold,
                         SquadVersion version) {
  const Words words = normalized_words(predicted);
  AnswerScore best;
  for (const Words& right : gold_words(gold, version)) {
    best.exact = std::max(best.exact, words == right ? 1.0 : 0.0);
    best.f1 = std::max(best.f1, f1_of(words, right, version));
  }
  return best;
}

SquadScores squad_scores(const std::vector<ScoredAnswer>& answers, SquadVersion version,
                         double threshold) {
  ALBERT_CHECK(!answers.empty(), "scores of one answer or more");
  const auto any = [](const ScoredAnswer&) { return true; };
  const auto has_answer = [](const ScoredAnswer& a) { return a.has_answer; };
  const auto no_answer = [](const ScoredAnswer& a) { return !a.has_answer; };
  SquadScores scores;
  scores.all = *mean_of(answers, any, threshold);
  if (version == SquadVersion::k1) return scores;
  scores.has_answer = mean_of(answers, has_answer, threshold);
  scores.no_answer = mean_of(answers, no_answer, threshold);
  return scores;
}

BestScores best_scores(const std::vector<ScoredAnswer>& answers) {
  std::vector<const ScoredAnswer*> ascending;
  for (const ScoredAnswer& answer : answers) ascending.push_back(&answer);
  std::sort(ascending.begin(), ascending.end(), [](const auto* a, const auto* b) {
    return std::pair(a->no_answer_score, a->no_answer_place) <
           std::pair(b->no_answer_score, b->no_answer_place);
  });
  const auto [exact, exact_threshold] = best_of(ascending, &AnswerScore::exact);
  const auto [f1, f1_threshold] = best_of(ascending, &AnswerScore::f1);
  return {exact, exact_threshold, f1, f1_threshold};
}

}  // namespace albert
