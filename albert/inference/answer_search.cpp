#include "albert/inference/answer_search.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "albert/base/error.h"
#include "albert/inference/batches.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

constexpr float kNothingFound = -1e-6F;  // the logs that transformers' script gives an empty text

// A pair of ends, scored in f32 as transformers does, so that equal sums are equal here too.
struct Span {
  int64_t begin = 0, end = 0;
  float start_logit = 0, end_logit = 0;
  float score() const { return start_logit + end_logit; }
};

// The indices of the `n` largest, largest first; of equal ones the later first, as a stable
// np.argsort read backwards has them.
std::vector<size_t> largest(const std::vector<float>& logits, int64_t n) {
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto kept = std::min(order.size(), static_cast<size_t>(n));
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
      [&](size_t a, size_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a > b; });
  order.resize(kept);
  return order;
}

using Place = SpanBeam::Place;

// Adds the part of the context from one position of a window to another, if that may be an answer.
void add_candidate(const AnswerWindow& window, const Place& start, const Place& end,
                   const AnswerSearch& search, std::vector<Span>& spans) {
  const int64_t from = start.position - window.first, to = end.position - window.first;
  if (from < 0 || to < from || to >= window.tokens()) return;
  if (to - from + 1 > search.max_answer_length) return;
  if (search.max_context_only && !window.has_max_context[static_cast<size_t>(from)]) return;
  spans.push_back({window.offsets[static_cast<size_t>(from)].first,
                   window.offsets[static_cast<size_t>(to)].second, start.log_prob, end.log_prob});
}

void add_candidates(const AnswerWindow& window, const SpanLogits& logits,
                    const AnswerSearch& search, std::vector<Span>& spans) {
  const auto place = [](const std::vector<float>& of, size_t at) {
    return Place{of[at], static_cast<int64_t>(at)};
  };
  const std::vector<size_t> ends = largest(logits.end, search.n_best_size);
  for (const size_t start : largest(logits.start, search.n_best_size))
    for (const size_t end : ends)
      add_candidate(window, place(logits.start, start), place(logits.end, end), search, spans);
}

void add_candidates(const AnswerWindow& window, const SpanBeam& beam, const AnswerSearch& search,
                    std::vector<Span>& spans) {
  for (const SpanBeam::Start& start : beam.starts)
    for (const Place& end : start.ends) add_candidate(window, start.place, end, search, spans);
}

// The best first, at most as many as are asked for.
void keep_best(std::vector<Span>& spans, const AnswerSearch& search) {
  std::stable_sort(spans.begin(), spans.end(),
                   [](const Span& a, const Span& b) { return a.score() > b.score(); });
  spans.resize(std::min(spans.size(), static_cast<size_t>(search.n_best_size)));
}

// "No answer": both ends at [CLS], by the window that is least sure of it.
Span null_span(std::span<const SpanLogits> logits) {
  Span least{0, 0, logits[0].start[0], logits[0].end[0]};
  for (const SpanLogits& window : logits) {
    const Span span{0, 0, window.start[0], window.end[0]};
    if (span.score() < least.score()) least = span;
  }
  return least;
}

std::vector<AnswerCandidate> candidates_of(std::string_view context,
                                           const std::vector<Span>& spans) {
  std::vector<AnswerCandidate> candidates;
  for (const Span& span : spans)
    candidates.push_back({std::string(code_points(context, span.begin, span.end)), span.begin,
                          span.end, span.start_logit, span.end_logit});
  return candidates;
}

// As transformers does where there is nothing to choose from.
std::vector<AnswerCandidate> or_empty(std::vector<AnswerCandidate> candidates) {
  if (candidates.empty() || (candidates.size() == 1 && candidates[0].text.empty()))
    candidates.insert(candidates.begin(), AnswerCandidate{"empty"});
  return candidates;
}

void set_probabilities(std::vector<AnswerCandidate>& candidates) {
  const auto score = [](const AnswerCandidate& c) {
    return static_cast<double>(c.start_logit + c.end_logit);
  };
  double most = score(candidates[0]), sum = 0;
  for (const AnswerCandidate& c : candidates) most = std::max(most, score(c));
  for (AnswerCandidate& c : candidates) sum += c.probability = std::exp(score(c) - most);
  for (AnswerCandidate& c : candidates) c.probability /= sum;
}

// Of candidates among which is "no answer". Tokens without a text, as a lone "▁" is, may be all
// that is left beside it; then there is no answer.
void choose_or_refuse(AnswerChoice& choice, const Span& none, const AnswerSearch& search) {
  const auto has_text = [](const AnswerCandidate& c) { return !c.text.empty(); };
  const auto& n_best = choice.n_best;
  const auto best = std::find_if(n_best.begin(), n_best.end(), has_text);
  if (best == n_best.end()) {
    choice.null_score_diff = 0;
    return;
  }
  choice.null_score_diff = static_cast<double>(none.score() - best->start_logit - best->end_logit);
  choice.answer = *choice.null_score_diff > search.null_score_diff_threshold
                      ? *std::find_if_not(n_best.begin(), n_best.end(), has_text)
                      : *best;
}

}  // namespace

void check_search(const AnswerSearch& search) {
  if (search.n_best_size < 1)
    fail(ErrorCode::kUsage, "n_best_size ", search.n_best_size, ": wanted 1 or more");
  if (search.max_answer_length < 1)
    fail(ErrorCode::kUsage, "max_answer_length ", search.max_answer_length, ": wanted 1 or more");
  if (search.start_n_top < 1)
    fail(ErrorCode::kUsage, "start_n_top ", search.start_n_top, ": wanted 1 or more");
  if (search.end_n_top < 1)
    fail(ErrorCode::kUsage, "end_n_top ", search.end_n_top, ": wanted 1 or more");
}

AnswerChoice choose_answer(std::string_view context, std::span<const AnswerWindow> windows,
                           std::span<const SpanLogits> logits, const AnswerSearch& search) {
  check_search(search);
  ALBERT_CHECK(!windows.empty() && windows.size() == logits.size(), "logits of every window");
  std::vector<Span> spans;
  for (size_t w = 0; w < windows.size(); ++w) {
    check_finite(logits[w].start);
    check_finite(logits[w].end);
    add_candidates(windows[w], logits[w], search, spans);
  }
  const Span none = null_span(logits);
  if (search.version_2_with_negative) spans.push_back(none);
  keep_best(spans, search);
  const auto is_none = [](const Span& span) { return span.end == 0; };
  if (search.version_2_with_negative && std::none_of(spans.begin(), spans.end(), is_none))
    spans.push_back(none);
  AnswerChoice choice;
  choice.n_best = or_empty(candidates_of(context, spans));
  set_probabilities(choice.n_best);
  choice.answer = choice.n_best.front();
  if (search.version_2_with_negative) choose_or_refuse(choice, none, search);
  choice.unthresholded = choice.answer.text;
  return choice;
}

AnswerChoice choose_answer(std::string_view context, std::span<const AnswerWindow> windows,
                           std::span<const SpanBeam> beams, const AnswerSearch& search) {
  check_search(search);
  ALBERT_CHECK(!windows.empty() && windows.size() == beams.size(), "beams of every window");
  std::vector<Span> spans;
  float none = beams[0].cls_logit;
  for (size_t w = 0; w < windows.size(); ++w) {
    check_finite(std::span(&beams[w].cls_logit, 1));
    none = std::min(none, beams[w].cls_logit);
    add_candidates(windows[w], beams[w], search, spans);
  }
  keep_best(spans, search);
  AnswerChoice choice;
  choice.n_best = candidates_of(context, spans);
  if (choice.n_best.empty()) choice.n_best.push_back({"", 0, 0, kNothingFound, kNothingFound});
  set_probabilities(choice.n_best);
  choice.answer = choice.n_best.front();
  choice.unthresholded = choice.answer.text;
  if (!search.version_2_with_negative) return choice;
  choice.null_score_diff = static_cast<double>(none);
  if (*choice.null_score_diff >= search.null_score_diff_threshold)
    choice.answer = {"", 0, 0, none, 0, 1 / (1 + std::exp(-*choice.null_score_diff))};
  return choice;
}

}  // namespace albert
