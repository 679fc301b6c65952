#pragma once
// What a multiple choice task does at each stage; kind.cpp makes a TaskKind of it.
#include "albert/inference/multiple_choice_encoder.h"
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

namespace choice_options {
inline constexpr const char* kTruncation = "truncation";
inline constexpr const char* kMaxQaLength = "max_qa_length";
inline constexpr const char* kLevel = "level";
inline constexpr const char* kMiddleOnly = "middle_only";
inline constexpr const char* kHighOnly = "high_only";
inline constexpr const char* kLabelSmoothing = "label_smoothing_factor";
}  // namespace choice_options

// Of the options above. Error(kUsage).
MultipleChoiceEncoding choice_encoding(const TaskOptions& options,
                                       std::optional<int64_t> max_seq_length);

std::unique_ptr<FinetuningTask> make_choice_task(const FinetuningRequest& request);
std::unique_ptr<Predictor> make_choice_predictor(const PredictionRequest& request);
std::string predict_choice_file(const PredictionRequest& request, const FileRequest& files);
ScoreReport score_choice(const ScoringRequest& request);

}  // namespace albert
