#pragma once
#include <string>

#include "apps/cli/command.h"
#include "heads/pretrained_model.h"

namespace albert::apps {

// Options that every command which computes has.
struct CommonOptions {
  std::string device = "auto";
  std::string precision = "f32";
  int threads = 0;
  bool quiet = false;

  ModelOptions model() const;  // Error(kNoDevice) for a device this build cannot drive, Error(kUsage)
};
void add_common(Command& command, CommonOptions& options);

}  // namespace albert::apps
