#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "albert/heads/multiple_choice.h"
#include "albert/inference/multiple_choice_encoder.h"

namespace albert {

// Which option a model takes for the answer.
struct MultipleChoiceAnswer {
  int64_t choice = 0;                 // its index
  double score = 0;                   // its probability
  std::vector<double> probabilities;  // [options]: soft-max over a question's options
};

struct MultipleChoiceAnswererOptions {
  MultipleChoiceEncoding encoding = {};
  int64_t batch_size = 32;  // questions at once
};

// A fine-tuned folder as a function from a context, a question and options to the option that
// answers it. One thread at a time may use it.
class MultipleChoiceAnswerer {
 public:
  // Reads the model and its tokenizer. Errors are those of the head's from_pretrained, of the
  // tokenizer's, and of MultipleChoiceEncoder.
  static MultipleChoiceAnswerer from_pretrained(const std::filesystem::path& folder,
                                                const ModelOptions& model = {},
                                                const MultipleChoiceAnswererOptions& options = {});

  // Any number of options. Error(kBadData) for fewer than two, a context without words, or text
  // that is not UTF-8; Error(kMismatch) where an output is not finite.
  MultipleChoiceAnswer answer(std::string_view context, std::string_view question,
                              std::vector<std::string> options);
  // In the order of the questions, which encode() made.
  std::vector<MultipleChoiceAnswer> answer(std::span<const MultipleChoiceIds> questions);
  MultipleChoiceIds encode(const MultipleChoiceQuestion& question) const;

  const MultipleChoiceEncoder& encoder() const { return encoder_; }
  const AlbertForMultipleChoice& model() const { return model_; }
  // What was odd about the folder, one line each.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  MultipleChoiceAnswerer(const std::filesystem::path& folder, MultipleChoiceEncoder encoder,
                         AlbertForMultipleChoice model, int64_t batch_size);
  void answer_batch(std::span<const MultipleChoiceIds> questions, std::span<const size_t> which,
                    std::vector<MultipleChoiceAnswer>& answers);

  std::string folder_;
  MultipleChoiceEncoder encoder_;
  AlbertForMultipleChoice model_;
  int64_t batch_size_;
  std::vector<std::string> warnings_;
};

// The questions of these indices as a model takes them; all have as many options.
Sequences batch_of(const MultipleChoiceEncoder& encoder,
                   std::span<const MultipleChoiceIds> questions, std::span<const size_t> which);

}  // namespace albert
