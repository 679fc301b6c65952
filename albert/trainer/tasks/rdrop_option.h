#pragma once
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

// --rdrop_alpha, of kinds whose loss is of soft-maxes.
TaskOption rdrop_option();

// Whether a head has dropout of its own before its last layer.
enum class HeadDropout : uint8_t { kClassifier, kNone };

// The request's sizes with the alpha of its options, 0 for a kind that has none. Error(kUsage)
// below 0; Error(kMismatch) where nothing in the model drops out, so that both passes would be the
// same.
FinetuningSizes sizes_with_rdrop(const FinetuningRequest& request, const AlbertConfig& config,
                                 HeadDropout head = HeadDropout::kClassifier);

}  // namespace albert
