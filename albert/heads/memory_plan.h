#pragma once
#include <string>
#include <utility>
#include <vector>

#include "albert/heads/pretrained_model.h"

namespace albert {

// A step whose memory is asked for.
struct StepShape {
  Precision precision = Precision::kF32;
  WeightFormat weights = WeightFormat::kFull;  // of inference; training has full ones
  int64_t batch = 8;                           // sequences; in multiple choice, of one choice each
  int64_t length = 512;                        // of each
  // With gradients and every label that a head takes; pre-training asks for one token in seven.
  bool training = false;
  Keep keep = Keep::kActivations;
};

// The device memory of a model and one of its steps, in bytes.
struct MemoryPlan {
  int64_t parameters = 0;  // elements, shared ones once
  ParameterBytes bytes;
  size_t moments = 0;  // the two moments of AdamW or LAMB, when training
  size_t arena = 0;    // exact peak of the step
  size_t total() const { return bytes.total() + moments + arena; }
};

// The exact memory of a step on the CPU; nothing is allocated or computed. GPUs add the workspaces
// of their libraries. `architecture` as in registry.h. The model is the one that `weights` hold (an
// AlbertModel may lack its pooler), or where null the config alone describes it. Error(kBadData)
// for an unknown architecture; Error(kMismatch) for a config that it cannot have.
MemoryPlan plan_memory(const std::string& architecture, const AlbertConfig& config,
                       const StepShape& shape, const WeightSource* weights = nullptr);

// The tensors that an architecture keeps in a file: names and shapes. `weights` as above.
std::vector<std::pair<std::string, Shape>> expected_tensors(const std::string& architecture,
                                                            const AlbertConfig& config,
                                                            const WeightSource* weights = nullptr);

}  // namespace albert
