#pragma once
#include <iosfwd>
#include <string>

#include "albert/heads/pretrained_model.h"
#include "apps/cli/command.h"

namespace albert::apps {

// Options that every command which computes has.
struct CommonOptions {
  std::string device = "auto";
  std::string precision = "f32";
  std::string weights = "full";
  bool tf32 = false, tune_matmuls = false;
  std::string attention = "own";
  int threads = 0;
  std::string prefix;  // of the model's tensors in its file
  bool quiet = false;

  // Chooses the device, and says so on `err` unless quiet. Error(kNoDevice), Error(kUsage).
  ModelOptions model(std::ostream& err) const;
};
// Of --precision: f32, f64, bf16 or f16.
Precision precision_of(const std::string& name);
// Of --weights: full or int8.
WeightFormat weights_of(const std::string& name);

void add_common(Command& command, CommonOptions& options);

// --weights, for commands that compute and train nothing.
void add_weights(Command& command, std::string& weights);

// --prefix, for commands that read a model folder.
void add_prefix(Command& command, std::string& prefix);

// Says what a loaded model should be told of: parts that start at random, and warnings from
// config.json. Nothing when quiet.
void print_load_notes(const LoadReport& report, const CommonOptions& options, std::ostream& err);

}  // namespace albert::apps
