#pragma once
#include <string>
#include <vector>

#include "albert/engine/model/config.h"
#include "albert/heads/pretrained_model.h"

namespace albert::apps {

// One step of a model that is never built: what it would hold and need.
struct StepShape {
  Precision precision = Precision::kF32;
  int64_t batch = 8;
  int64_t length = 512;
  bool training = false;  // with gradients and every label a head takes; pre-training asks for one
                          // token in seven
  Keep keep = Keep::kActivations;
};
struct StepPlan {
  int64_t parameters = 0;  // elements, shared ones once
  ParameterBytes bytes;
  size_t moments = 0;  // AdamW's or LAMB's, when training
  size_t arena = 0;    // exact peak
  size_t total() const { return bytes.total() + moments + arena; }
};

std::vector<std::string> architectures();  // "AlbertForMaskedLM", ..

// Error(kBadData) for an architecture not in the list.
StepPlan plan_step(const std::string& architecture, const AlbertConfig& config,
                   const StepShape& shape);

// The tensors an architecture keeps in a file, by name.
std::vector<std::pair<std::string, Shape>> expected_tensors(const std::string& architecture,
                                                            const AlbertConfig& config);

}  // namespace albert::apps
