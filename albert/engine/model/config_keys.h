#pragma once
// What config.json files may hold besides the fields of AlbertConfig. Internal to engine/model.
#include <map>
#include <string>
#include <vector>

#include "albert/kernels/activation.h"

namespace albert {

// transformers' ACT2FN names this engine computes.
const std::map<std::string, kernels::Activation>& known_activations();

// Keys of transformers' PretrainedConfig (4 and 5) and of Google's files that change nothing here.
const std::vector<std::string>& harmless_keys();

// A key that would change what the model computes, and the JSON values that ask for nothing
// ("false", "{}", ..). Every other value is refused as "found VALUE, wanted" these words.
struct RefusedKey {
  std::string name;
  std::vector<std::string> harmless_values;  // besides null
  std::string wanted;
};
const std::vector<RefusedKey>& refused_keys();

}  // namespace albert
