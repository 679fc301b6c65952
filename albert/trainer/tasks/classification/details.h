#pragma once
#include "albert/trainer/loop/report_details.h"
#include "albert/trainer/tasks/classification/task.h"

namespace albert {

// What is shown of an evaluation.
struct EvaluatedExamples {
  Problem problem = Problem::kSingleLabel;
  std::vector<std::string> labels;  // names, in the order of the outputs
  const ClassificationExamples& examples;
  std::vector<double> outputs;  // logits or values, one a label for each example
  const Tokenizer& tokenizer;
};

// Scores of each label and, of single labels, who is taken for whom; the 20 examples that the model
// is most wrong about, as their tokens decode.
ReportDetails details_of(const EvaluatedExamples& evaluated);

// The first example whose attention a page can show: one of 4 to 32 ids.
std::optional<size_t> example_for_attention(const ClassificationExamples& examples);

// Of one example: `attentions` is [1, heads, S, S] for each layer.
AttentionMaps attention_maps(const Tokenizer& tokenizer, const TokenIds& input,
                             const std::vector<HostTensor>& attentions);

}  // namespace albert
