#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "albert/inference/answer_windows.h"

namespace albert {

// How an answer is chosen, under the names of transformers' postprocess_qa_predictions and its form
// with_beam_search, which find the same ones.
struct AnswerSearch {
  int64_t n_best_size = 20;        // likeliest starts and ends of a window, and candidates kept
  int64_t max_answer_length = 30;  // tokens
  bool version_2_with_negative = false;  // a question may have no answer
  // "No answer" is chosen where its score is better than the best answer's by more than this; of
  // Google's head where the logit of having none is this or more.
  double null_score_diff_threshold = 0;
  // An answer begins only in the window with the most text around its first token, as in Google's
  // scripts.
  bool max_context_only = false;
  // Google's head: how many starts are tried, and ends for each.
  int64_t start_n_top = 5, end_n_top = 5;
};

// The outputs of a model for the tokens of one window.
struct SpanLogits {
  std::vector<float> start, end;
};

// What Google's head gives for one window: its likeliest starts and for each its likeliest ends,
// positions in the window with the logs of their probabilities.
struct SpanBeam {
  struct Place {
    float log_prob = 0;
    int64_t position = 0;
  };
  struct Start {
    Place place;
    std::vector<Place> ends;
  };
  std::vector<Start> starts;
  float cls_logit = 0;  // that there is no answer
};

struct AnswerCandidate {
  std::string text;
  int64_t begin = 0, end = 0;            // code points of the context; 0, 0: no answer
  float start_logit = 0, end_logit = 0;  // of Google's head the logs of probabilities
  double probability = 0;  // among the candidates: soft-max of the sums of both logits
};

struct AnswerChoice {
  AnswerCandidate answer;               // the one that is given
  std::vector<AnswerCandidate> n_best;  // best first; never empty
  // version_2_with_negative: by how much "no answer" scores above the best answer; of Google's head
  // the lowest logit of a window that there is none.
  std::optional<double> null_score_diff;
  // What a search for the best threshold starts from: `answer`; of Google's head the best
  // candidate, whatever the threshold.
  std::string unthresholded;
};

// `logits` are those of the windows, which are all of the context. Where no window has a candidate,
// the text is "empty", at 0, 0. Error(kUsage) for an n_best_size or max_answer_length below 1;
// Error(kMismatch) for a logit that is not finite.
AnswerChoice choose_answer(std::string_view context, std::span<const AnswerWindow> windows,
                           std::span<const SpanLogits> logits, const AnswerSearch& search);
// The same from Google's head, whose candidates never are "no answer". Where no window has one, the
// text is empty, at 0, 0.
AnswerChoice choose_answer(std::string_view context, std::span<const AnswerWindow> windows,
                           std::span<const SpanBeam> beams, const AnswerSearch& search);
void check_search(const AnswerSearch& search);

}  // namespace albert
