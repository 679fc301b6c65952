#pragma once
#include <cstdint>

namespace albert {

// What a text's answer is: one label, any number of labels, or a number.
enum class Problem : uint8_t { kSingleLabel, kMultiLabel, kRegression };

// Its name in config.json, problem_type.
constexpr const char* problem_type(Problem problem) {
  switch (problem) {
    case Problem::kSingleLabel: return "single_label_classification";
    case Problem::kMultiLabel: return "multi_label_classification";
    case Problem::kRegression: break;
  }
  return "regression";
}

}  // namespace albert
