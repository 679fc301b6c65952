#pragma once
// What a task on texts does at each stage; kind.cpp makes TaskKinds of it.
#include "albert/trainer/tasks/classification/problem.h"
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

namespace classification_options {
inline constexpr const char* kTextColumn = "text_column";
inline constexpr const char* kPairColumn = "pair_column";
inline constexpr const char* kColumns = "columns";
inline constexpr const char* kSkipShortRows = "skip_short_rows";
inline constexpr const char* kTruncation = "truncation";
inline constexpr const char* kLabelColumn = "label_column";
inline constexpr const char* kLabelColumns = "label_columns";
inline constexpr const char* kLabels = "labels";
inline constexpr const char* kMetrics = "metrics";
inline constexpr const char* kClassWeights = "class_weights";
inline constexpr const char* kLabelSmoothing = "label_smoothing_factor";
inline constexpr const char* kFreshClassifier = "fresh_classifier";
}  // namespace classification_options

std::unique_ptr<FinetuningTask> make_classification_task(Problem problem,
                                                         const FinetuningRequest& request);
std::unique_ptr<Predictor> make_classification_predictor(const PredictionRequest& request);
std::string predict_official_file(const PredictionRequest& request, const FileRequest& files);
ScoreReport score_classification(Problem problem, const ScoringRequest& request);

}  // namespace albert
