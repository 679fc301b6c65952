#pragma once
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

// The config of the folder or file that fine-tuning starts from, with the request's dropout.
// Error(kUsage) where the request names none.
AlbertConfig starting_config(const FinetuningRequest& request);

// The request's tokenizer, else the model's. Errors of Tokenizer::from_pretrained.
std::shared_ptr<const Tokenizer> starting_tokenizer(const FinetuningRequest& request);

// What begins the names of a classifier's tensors.
inline constexpr const char* kClassifierTensors = "classifier.";

// Whether a head with a classifier starts at random: the folder's is of another architecture, or
// there is none.
bool starts_new_head(const FinetuningRequest& request, const AlbertConfig& config,
                     const std::string& architecture);

// Gives `model` its values: those of the folder, and random ones to what the folder lacks, with a
// note for each; all random without a folder. Parameters whose names begin with `fresh` start at
// random whatever the folder has, unless it is empty. Errors of open_weights and of load.
void start_model(AlbertPreTrainedModel& model, const FinetuningRequest& request,
                 const std::string& fresh = "");

}  // namespace albert
