#include "albert/trainer/tasks/span/kind.h"

#include "albert/trainer/tasks/rdrop_option.h"
#include "albert/trainer/tasks/span/stages.h"

namespace albert {
namespace {

namespace option = span_options;

TaskOption version_option() {
  return {option::kVersion2, false, "questions may have no answer (SQuAD v2.0)"};
}

// What training, which evaluates, and prediction share.
std::vector<TaskOption> shared_options() {
  const WindowOptions windows;
  const AnswerSearch search;
  return {{option::kDocStride, windows.doc_stride,
           "tokens of the context that a window shares with the one before"},
          {option::kMaxQueryLength, windows.max_query_length, "tokens of the question that stay"},
          {option::kNBestSize, search.n_best_size, "candidates for an answer"},
          {option::kMaxAnswerLength, search.max_answer_length, "tokens of an answer"},
          version_option(),
          {option::kNullThreshold, search.null_score_diff_threshold,
           "no answer is given where it scores better than the best answer by more than this; of "
           "Google's head where its logit is this or more"},
          {option::kMaxContext, search.max_context_only,
           "an answer begins only where its first token has the most text around it"},
          {option::kStartBeam, search.start_n_top, "starts that Google's head tries"},
          {option::kEndBeam, search.end_n_top, "ends that Google's head tries for each start"}};
}

}  // namespace

WindowOptions window_options(const TaskOptions& options, std::optional<int64_t> max_seq_length) {
  return {.max_seq_length = max_seq_length,
          .doc_stride = options.get<int64_t>(option::kDocStride),
          .max_query_length = options.get<int64_t>(option::kMaxQueryLength)};
}

AnswerSearch answer_search(const TaskOptions& options) {
  const AnswerSearch search{
      .n_best_size = options.get<int64_t>(option::kNBestSize),
      .max_answer_length = options.get<int64_t>(option::kMaxAnswerLength),
      .version_2_with_negative = options.get<bool>(option::kVersion2),
      .null_score_diff_threshold = options.get<double>(option::kNullThreshold),
      .max_context_only = options.get<bool>(option::kMaxContext),
      .start_n_top = options.get<int64_t>(option::kStartBeam),
      .end_n_top = options.get<int64_t>(option::kEndBeam)};
  check_search(search);
  return search;
}

TaskKind span_kind() {
  TaskKind kind;
  kind.name = "span";
  kind.architecture = "AlbertForQuestionAnswering";
  kind.other_form = "AlbertForQuestionAnsweringBeamSearch";
  std::vector<TaskOption> training = shared_options();
  training.push_back({option::kHead, "",
                      "transformers or google (SQuAD 2.0: ends given the start, a logit of having "
                      "no answer); else the model's own, else transformers"});
  training.push_back(rdrop_option());
  kind.training = training;
  std::vector<TaskOption> prediction = shared_options();
  prediction.push_back({option::kQuestionColumn, "question", "column or key of the question"});
  prediction.push_back({option::kContextColumn, "context", "column or key of the context"});
  kind.prediction = prediction;
  kind.scoring = {version_option(),
                  {option::kNoAnswerFile, "", "JSON of scores that a question has no answer"},
                  {option::kNoAnswerThreshold,
                   1.0,
                   "above it a question counts as unanswered",
                   {"no_answer_probability_threshold"}}};
  kind.make_task = make_span_task;
  kind.make_predictor = make_span_predictor;
  kind.score = score_squad;
  kind.predict_file = predict_squad_file;
  return kind;
}

}  // namespace albert
