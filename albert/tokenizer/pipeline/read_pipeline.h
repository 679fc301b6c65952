#pragma once
#include <memory>
#include <string>

#include "albert/tokenizer/pipeline/pipeline.h"
#include "albert/tokenizer/sequence_template.h"

namespace albert {

// What a tokenizer.json describes.
struct PipelineFile {
  PipelineSteps steps;
  SequenceTemplate special_tokens;  // of its post_processor; without one only the texts
  std::string unknown;              // the model's unknown piece; empty for none

  // Of pieces and added tokens.
  int64_t size() const;
  std::optional<int32_t> id_of(std::string_view text) const;
  std::string text_of(int32_t id) const;
};

// Every step is honoured as written, or the file is refused: Error(kBadData) "name: step: ..". What
// it says of truncation and padding is left to the caller of encode(), as transformers leaves it.
PipelineFile read_pipeline(const std::string& name, const std::string& text);

}  // namespace albert
