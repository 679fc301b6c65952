#pragma once
#include "albert/tokenizer/sequence_template.h"

namespace albert {

class JsonView;

// "post_processor" of tokenizer.json: TemplateProcessing, BertProcessing or a Sequence of one.
// Ids lie in [0, size). Error(kBadData) "place: .." for others.
SequenceTemplate read_post_processor(const JsonView& step, int64_t size);

}  // namespace albert
