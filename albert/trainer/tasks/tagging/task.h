#pragma once
#include <memory>
#include <string>
#include <vector>

#include "albert/inference/token_classifier.h"
#include "albert/trainer/tasks/finetuning_task.h"
#include "albert/trainer/tasks/scores/tag_schemes.h"

namespace albert {

// A sentence in windows, with the label of each of its tokens: the word's for its first one, and
// for the others -100 or what --label_all_tokens makes of it.
struct LabelledText {
  WindowedText text;
  std::vector<int64_t> labels;
};

// The number of the label of each further token of a word, by the number of its first one's: that
// of I-PER for B-PER where there is one, else the same. Empty: further tokens have none.
using FurtherLabels = std::vector<int64_t>;
LabelledText labelled_text(WindowedText text, const std::vector<int64_t>& labels_of_words,
                           const FurtherLabels& further);

// Windows ready to train on. Those in which no token has a label are left out.
struct TaggingExamples {
  Sequences inputs;
  std::vector<std::vector<int64_t>> labels;  // of each id; -100: none
  int64_t sentences = 0, words = 0;
  int64_t in_parts = 0;    // sentences that are longer than a window
  int64_t unreadable = 0;  // words without a token

  int64_t size() const { return inputs.size(); }
};
TaggingExamples tagging_examples(const std::vector<LabelledText>& sentences);

// Fine-tuning on sentences whose words each have a label.
class TaggingTask final : public FinetuningTask {
 public:
  struct Validation {
    std::vector<WindowedText> texts;
    std::vector<std::vector<int64_t>> labels;  // of the tokens of each text
    TagSequences right;                        // of every word
  };
  struct Parts {
    AlbertForTokenClassification model;
    std::shared_ptr<const Tokenizer> tokenizer;
    TaggingExamples training;
    Validation validation;
    LossOptions loss;       // without its counts
    bool by_type = false;   // evaluation gives the scores of each type
    std::string described;  // how the labels are written, for people: "IOB2"
  };
  TaggingTask(Parts parts, const FinetuningSizes& sizes);

  AlbertPreTrainedModel& model() override { return parts_.model; }
  Metrics averages(const Metrics& sums) const override;  // loss
  // loss, and what metrics_of() gives of the first token's label for each word
  Metrics evaluate() override;
  std::vector<std::string> metric_names() const override;
  std::string advice() const override { return advice_; }
  ReportDetails details() override;
  int64_t examples(Split split) const override;  // windows, or sentences to evaluate
  std::string summary() const override;
  std::string data_hash() const override;

 protected:
  std::vector<double> count(Split split, std::span<const size_t> which) const override;
  Deferred<Metrics> start(Split split, std::span<const size_t> which,
                          ForwardOptions forward) override;

 private:
  // What the model says of the validation sentences.
  struct Outputs {
    TagSequences predicted;      // of every word
    std::vector<double> losses;  // of each sentence, summed over its labelled tokens
  };
  Outputs evaluated();
  std::string advice_on(const TagSequences& predicted) const;

  Parts parts_;
  std::vector<std::string> labels_;  // the model's, by id
  int64_t eval_batch_size_;
  std::string advice_;
};

}  // namespace albert
