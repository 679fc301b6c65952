#include "albert/inference/multiple_choice_encoder.h"

#include "albert/base/error.h"

namespace albert {
namespace {

void check_sizes(const MultipleChoiceEncoding& encoding, int64_t max_seq_length, int64_t special) {
  check_room("max_seq_length", max_seq_length, true);
  if (encoding.truncation != Truncation::kOnlyFirst) return;
  const int64_t most = max_seq_length - special - 1;
  if (encoding.max_qa_length < 1 || encoding.max_qa_length > most)
    fail(ErrorCode::kUsage, "max_qa_length ", encoding.max_qa_length, ": wanted 1 to ", most,
         ", which max_seq_length ", max_seq_length,
         " leaves beside special tokens and a word of the context");
}

}  // namespace

std::string question_with(const MultipleChoiceQuestion& question, size_t option) {
  const std::string &text = question.question, &with = question.options[option];
  size_t blank = question.fills_blanks ? text.find('_') : std::string::npos;
  if (blank == std::string::npos) return text + " " + with;
  std::string filled;
  size_t at = 0;
  for (; blank != std::string::npos; at = blank + 1, blank = text.find('_', at))
    filled.append(text, at, blank - at) += with;
  return filled.append(text, at);
}

MultipleChoiceEncoder::MultipleChoiceEncoder(std::shared_ptr<const Tokenizer> tokenizer,
                                             const AlbertConfig& config,
                                             const MultipleChoiceEncoding& encoding)
    : encoder_(std::move(tokenizer), config, encoding.max_seq_length), encoding_(encoding) {
  check_sizes(encoding_, max_seq_length(), this->tokenizer().num_special_tokens_to_add(true));
}

std::shared_ptr<const std::vector<int32_t>> MultipleChoiceEncoder::context_ids(
    std::string_view context) const {
  return std::make_shared<const std::vector<int32_t>>(tokenizer().ids(context));
}

MultipleChoiceIds MultipleChoiceEncoder::encode(
    const MultipleChoiceQuestion& question,
    std::shared_ptr<const std::vector<int32_t>> context) const {
  MultipleChoiceIds result{std::move(context), {}};
  const auto most = static_cast<size_t>(encoding_.max_qa_length),
             room = static_cast<size_t>(max_seq_length() -
                                        tokenizer().num_special_tokens_to_add(true));
  for (size_t i = 0; i < question.options.size(); ++i) {
    std::vector<int32_t> ids = tokenizer().ids(question_with(question, i));
    if (encoding_.truncation == Truncation::kOnlyFirst && ids.size() > most) {
      ids.erase(ids.begin(), ids.end() - static_cast<std::ptrdiff_t>(most));
      result.truncated = true;
    }
    result.truncated |= result.context->size() + ids.size() > room;
    result.options.push_back(std::move(ids));
  }
  return result;
}

TokenIds MultipleChoiceEncoder::inputs(const MultipleChoiceIds& question, size_t option) const {
  auto [ids, types] = tokenizer().prepare_for_model(
      *question.context, question.options[option],
      {.truncation = encoding_.truncation, .max_length = max_seq_length()});
  return {std::move(ids), std::move(types), question.truncated};
}

}  // namespace albert
