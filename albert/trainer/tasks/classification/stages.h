#pragma once
// What a classification task does at each stage; kind.cpp makes a TaskKind of it.
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

namespace classification_options {
inline constexpr const char* kLabelColumn = "label_column";
inline constexpr const char* kLabels = "labels";
inline constexpr const char* kClassWeights = "class_weights";
inline constexpr const char* kLabelSmoothing = "label_smoothing_factor";
inline constexpr const char* kFreshClassifier = "fresh_classifier";
}  // namespace classification_options

std::unique_ptr<FinetuningTask> make_classification_task(const FinetuningRequest& request,
                                                         const Communicator& ranks);
std::unique_ptr<Predictor> make_classification_predictor(const PredictionRequest& request);
ScoreReport score_classification(const ScoringRequest& request);

}  // namespace albert
