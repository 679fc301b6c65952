#pragma once
// What a question answering task does at each stage; kind.cpp makes a TaskKind of it.
#include "albert/inference/question_answerer.h"
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

namespace span_options {
inline constexpr const char* kDocStride = "doc_stride";
inline constexpr const char* kMaxQueryLength = "max_query_length";
inline constexpr const char* kNBestSize = "n_best_size";
inline constexpr const char* kMaxAnswerLength = "max_answer_length";
inline constexpr const char* kVersion2 = "version_2_with_negative";
inline constexpr const char* kNullThreshold = "null_score_diff_threshold";
inline constexpr const char* kMaxContext = "max_context_only";
inline constexpr const char* kStartBeam = "start_n_top";
inline constexpr const char* kEndBeam = "end_n_top";
inline constexpr const char* kHead = "qa_head";
inline constexpr const char* kQuestionColumn = "question_column";
inline constexpr const char* kContextColumn = "context_column";
inline constexpr const char* kNoAnswerFile = "na_prob_file";
inline constexpr const char* kNoAnswerThreshold = "na_prob_thresh";
}  // namespace span_options

// Of the options above, which training and prediction share.
WindowOptions window_options(const TaskOptions& options, std::optional<int64_t> max_seq_length);
AnswerSearch answer_search(const TaskOptions& options);

std::unique_ptr<FinetuningTask> make_span_task(const FinetuningRequest& request);
std::unique_ptr<Predictor> make_span_predictor(const PredictionRequest& request);
std::string predict_squad_file(const PredictionRequest& request, const FileRequest& files);
ScoreReport score_squad(const ScoringRequest& request);

}  // namespace albert
