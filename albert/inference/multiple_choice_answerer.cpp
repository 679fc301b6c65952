#include "albert/inference/multiple_choice_answerer.h"

#include <algorithm>
#include <map>

#include "albert/base/error.h"
#include "albert/inference/batches.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

size_t longest(const MultipleChoiceIds& question) {
  size_t most = 0;
  for (const auto& option : question.options) most = std::max(most, option.size());
  return question.context->size() + most;
}

}  // namespace

Sequences batch_of(const MultipleChoiceEncoder& encoder,
                   std::span<const MultipleChoiceIds> questions, std::span<const size_t> which) {
  Sequences batch;
  for (const size_t i : which) {
    batch.choices = questions[i].choices();
    for (size_t option = 0; option < questions[i].options.size(); ++option) {
      TokenIds inputs = encoder.inputs(questions[i], option);
      batch.input_ids.push_back(std::move(inputs.input_ids));
      batch.token_type_ids.push_back(std::move(inputs.token_type_ids));
    }
  }
  return batch;
}

MultipleChoiceAnswerer MultipleChoiceAnswerer::from_pretrained(
    const std::filesystem::path& folder, const ModelOptions& model,
    const MultipleChoiceAnswererOptions& options) {
  if (options.batch_size < 1)
    fail(ErrorCode::kUsage, "batch_size ", options.batch_size, ": wanted 1 or more");
  MultipleChoiceEncoder encoder(Tokenizer::from_pretrained(folder),
                                AlbertConfig::from_folder(folder), options.encoding);
  return {folder, std::move(encoder), AlbertForMultipleChoice::from_pretrained(folder, model),
          options.batch_size};
}

MultipleChoiceAnswerer::MultipleChoiceAnswerer(const std::filesystem::path& folder,
                                               MultipleChoiceEncoder encoder,
                                               AlbertForMultipleChoice model, int64_t batch_size)
    : folder_(folder.string()),
      encoder_(std::move(encoder)),
      model_(std::move(model)),
      batch_size_(batch_size),
      warnings_(model_.load_report().warnings) {
  if (!encoder_.warning().empty()) warnings_.push_back(encoder_.warning());
}

MultipleChoiceIds MultipleChoiceAnswerer::encode(const MultipleChoiceQuestion& question) const {
  if (is_blank(*question.context)) fail(ErrorCode::kBadData, "the context is empty");
  if (question.options.size() < 2)
    fail(ErrorCode::kBadData, "found ", question.options.size(), " options, wanted 2 or more");
  return encoder_.encode(question, encoder_.context_ids(*question.context));
}

MultipleChoiceAnswer MultipleChoiceAnswerer::answer(std::string_view context,
                                                    std::string_view question,
                                                    std::vector<std::string> options) {
  const MultipleChoiceIds one = encode(
      {std::make_shared<const std::string>(context), std::string(question), std::move(options)});
  return answer(std::span(&one, 1)).front();
}

std::vector<MultipleChoiceAnswer> MultipleChoiceAnswerer::answer(
    std::span<const MultipleChoiceIds> questions) {
  std::map<int64_t, std::vector<size_t>> by_choices;  // a batch has one number of options
  for (size_t i = 0; i < questions.size(); ++i) by_choices[questions[i].choices()].push_back(i);
  std::vector<MultipleChoiceAnswer> answers(questions.size());
  for (const auto& [choices, numbers] : by_choices) {
    std::vector<size_t> lengths;
    for (const size_t i : numbers) lengths.push_back(longest(questions[i]));
    for_batches_by_length(lengths, batch_size_,
                          [&, &numbers = numbers](std::span<const size_t> batch) {
                            std::vector<size_t> which;
                            for (const size_t i : batch) which.push_back(numbers[i]);
                            answer_batch(questions, which, answers);
                          });
  }
  return answers;
}

void MultipleChoiceAnswerer::answer_batch(std::span<const MultipleChoiceIds> questions,
                                          std::span<const size_t> which,
                                          std::vector<MultipleChoiceAnswer>& answers) {
  const HostTensor outputs =
      model_.forward(batch_of(encoder_, questions, which)).logits.to(DType::kF32);
  for (size_t row = 0; row < which.size(); ++row) {
    const auto logits = outputs.row<float>(static_cast<int64_t>(row));
    check_finite(logits, folder_ + ": ");
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    std::vector<double> p = softmax(logits);
    answers[which[row]] = {best, p[static_cast<size_t>(best)], std::move(p)};
  }
}

}  // namespace albert
