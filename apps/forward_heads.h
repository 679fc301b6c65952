#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "albert/heads/pretrained_model.h"

namespace albert::apps {

// What `albert forward` asks of a head.
struct HeadRequest {
  std::filesystem::path model;
  ModelOptions options;
  bool gradients = false;
  bool hidden_states = true;
  bool attentions = true;
  LossOptions loss = {};
};

// Runs the head of this name (albert/heads/registry.h) on tensors named in.* and returns tensors
// named out.* and, with gradients, grad.* (docs/cli.md). Inputs the head does not know are
// Error(kBadData). `notes` gets what the user should be told: unused tensors, unknown config keys.
TensorFile run_head(const std::string& head, const HeadRequest& request, const TensorFile& in,
                    std::vector<std::string>* notes);

}  // namespace albert::apps
