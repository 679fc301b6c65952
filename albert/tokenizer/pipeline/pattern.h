#pragma once
#include "albert/base/json.h"
#include "albert/tokenizer/pipeline/regex.h"

namespace albert {

// {"String": ".."} or {"Regex": ".."}, as Replace and Split have them.
inline Regex read_pattern(const JsonView& pattern) {
  if (const auto text = pattern.find("String")) return Regex::literal(text->string());
  const JsonView regex = pattern.at("Regex");
  return Regex(regex.place(), regex.string());
}

}  // namespace albert
