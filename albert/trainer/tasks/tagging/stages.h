#pragma once
// What a task on words does at each stage; kind.cpp makes a TaskKind of it.
#include "albert/inference/token_classifier.h"
#include "albert/trainer/tasks/tagging/sentences.h"
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

namespace tagging_options {
inline constexpr const char* kTextColumn = "text_column";
inline constexpr const char* kLabelColumn = "label_column";
inline constexpr const char* kLabels = "labels";
inline constexpr const char* kScheme = "scheme";
inline constexpr const char* kMode = "mode";
inline constexpr const char* kStride = "stride";
inline constexpr const char* kAllTokens = "label_all_tokens";
inline constexpr const char* kByType = "return_entity_level_metrics";
inline constexpr const char* kAggregation = "aggregation_strategy";
inline constexpr const char* kClassWeights = "class_weights";
inline constexpr const char* kLabelSmoothing = "label_smoothing_factor";
inline constexpr const char* kFreshClassifier = "fresh_classifier";
}  // namespace tagging_options

// Of the options above.
TagColumns tag_columns(const TaskOptions& options);
TokenWindowOptions token_windows(const TaskOptions& options, std::optional<int64_t> max_seq_length);

std::unique_ptr<FinetuningTask> make_tagging_task(const FinetuningRequest& request);
std::unique_ptr<Predictor> make_tagging_predictor(const PredictionRequest& request);
std::string predict_tagged_file(const PredictionRequest& request, const FileRequest& files);
ScoreReport score_tagging(const ScoringRequest& request);

}  // namespace albert
