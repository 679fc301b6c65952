#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "albert/inference/text_encoder.h"

namespace albert {

// A question about a context, with the options of which one answers it.
struct MultipleChoiceQuestion {
  std::shared_ptr<const std::string> context;
  std::string question;
  std::vector<std::string> options;
  // An option takes the place of every "_" in the question where it has one, as in RACE; else, and
  // in SWAG always, it follows the question behind a blank.
  bool fills_blanks = true;
};

// The question with one of its options: the second text of the pair that a model reads.
std::string question_with(const MultipleChoiceQuestion& question, size_t option);

// How questions are read that are longer than a model takes.
struct MultipleChoiceEncoding {
  // Ids of context, question, option and special tokens; without it 512, or the model's positions
  // where it has fewer.
  std::optional<int64_t> max_seq_length = {};
  // kOnlyFirst: of question and option the last max_qa_length ids stay, and of the context what
  // finds room, as in Google's run_race. kLongestFirst and kLongestFirstFast: as in transformers'
  // run_swag, with a slow and with a fast tokenizer.
  Truncation truncation = Truncation::kOnlyFirst;
  int64_t max_qa_length = 128;
};

// A question as ids without special tokens. Questions about one context share its ids.
struct MultipleChoiceIds {
  std::shared_ptr<const std::vector<int32_t>> context;
  std::vector<std::vector<int32_t>> options;  // each behind its question
  bool truncated = false;                     // some of its ids do not stay

  int64_t choices() const { return static_cast<int64_t>(options.size()); }
};

// Questions with options to ids for one model.
class MultipleChoiceEncoder {
 public:
  // Error(kUsage) for sizes that leave no room for a context, Error(kMismatch) as TextEncoder.
  MultipleChoiceEncoder(std::shared_ptr<const Tokenizer> tokenizer, const AlbertConfig& config,
                        const MultipleChoiceEncoding& encoding);

  // Error(kBadData) for text that is not UTF-8.
  std::shared_ptr<const std::vector<int32_t>> context_ids(std::string_view context) const;
  // With the context as ids already.
  MultipleChoiceIds encode(const MultipleChoiceQuestion& question,
                           std::shared_ptr<const std::vector<int32_t>> context) const;

  // What a model takes for one of the options, of at most max_seq_length() ids.
  TokenIds inputs(const MultipleChoiceIds& question, size_t option) const;

  const Tokenizer& tokenizer() const { return encoder_.tokenizer(); }
  int64_t max_seq_length() const { return encoder_.max_seq_length(); }
  const std::string& warning() const { return encoder_.warning(); }

 private:
  TextEncoder encoder_;
  MultipleChoiceEncoding encoding_;
};

}  // namespace albert
