#include "albert/tokenizer/vocabulary_trainer.h"

#include <sentencepiece_trainer.h>

#include <unordered_map>

#include "albert/base/error.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

// Word by word what Tokenizer does to text, with single blanks between.
std::string prepared(std::string_view line, const TokenizerOptions& options) {
  std::string text;
  size_t at = 0;
  while (at < line.size()) {
    size_t end = at, next = at;
    while (next < line.size() && !is_space(read_code_point(line, next))) end = next;
    if (end > at)
      text += (text.empty() ? "" : " ") + preprocess(line.substr(at, end - at), options).text;
    at = next;
  }
  return text;
}

class Lines final : public sentencepiece::SentenceIterator {
 public:
  Lines(const std::function<bool(std::string&)>& next, const TokenizerOptions& options)
      : next_(next), options_(options) {
    Next();
  }
  bool done() const override { return done_; }
  void Next() override {
    std::string line;
    do done_ = !next_(line);
    while (!done_ && (value_ = prepared(line, options_)).empty());
  }
  const std::string& value() const override { return value_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::function<bool(std::string&)>& next_;
  const TokenizerOptions& options_;
  bool done_ = false;
  std::string value_;
};

}  // namespace

std::string train_vocabulary(const std::function<bool(std::string&)>& next_line,
                             const VocabularyOptions& options) {
  const std::unordered_map<std::string, std::string> settings{
      {"model_type", "unigram"},
      {"vocab_size", std::to_string(options.vocab_size)},
      {"character_coverage", std::to_string(options.character_coverage)},
      {"input_sentence_size", std::to_string(options.input_sentence_size)},
      {"shuffle_input_sentence", "true"},
      {"max_sentence_length", "65536"},
      {"pad_id", "0"},
      {"unk_id", "1"},
      {"bos_id", "-1"},
      {"eos_id", "-1"},
      {"control_symbols", "[CLS],[SEP],[MASK]"},
      {"user_defined_symbols", R"((,),"""",-,.,–,£,€)"},  // CSV: a quoted quote
      {"num_threads", "16"},  // the bits follow it, so it is no matter of the machine
      {"minloglevel", "2"}};
  sentencepiece::SetRandomGeneratorSeed(static_cast<unsigned>(options.seed));
  Lines lines(next_line, options.preprocessing);
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(settings, &lines, &model);
  if (!status.ok())
    fail(ErrorCode::kBadData, "SentencePiece could not train a vocabulary of " +
                                  std::to_string(options.vocab_size) +
                                  " pieces: " + status.ToString());
  return model;
}

}  // namespace albert
