#include "albert/trainer/tasks/choice/task.h"

#include <algorithm>
#include <numeric>

#include "albert/base/checksum.h"
#include "albert/inference/multiple_choice_answerer.h"
#include "albert/trainer/tasks/choice/details.h"
#include "albert/trainer/tasks/choice/scores.h"
#include "albert/trainer/tasks/unknown_pieces.h"

namespace albert {
namespace {

// The option of the highest output for each question.
std::vector<int64_t> choices_of(std::span<const double> outputs, size_t options) {
  std::vector<int64_t> choices;
  for (size_t at = 0; at < outputs.size(); at += options) {
    const auto row = outputs.subspan(at, options);
    choices.push_back(std::max_element(row.begin(), row.end()) - row.begin());
  }
  return choices;
}

std::span<const double> values_of(const HostTensor& wide) {
  return {wide.data<double>(), static_cast<size_t>(wide.size())};
}

std::vector<int64_t> labels_of(const ChoiceExamples& examples, std::span<const size_t> which) {
  std::vector<int64_t> labels;
  for (const size_t i : which) labels.push_back(examples.labels[i]);
  return labels;
}

}  // namespace

ChoiceExamples encoded_choices(std::span<const ChoiceExample> examples,
                               const MultipleChoiceEncoder& encoder) {
  ChoiceExamples result;
  const std::string* context = nullptr;
  std::shared_ptr<const std::vector<int32_t>> ids;
  for (const ChoiceExample& example : examples) {
    if (example.question.context.get() != context) {
      context = example.question.context.get();
      ids = encoder.context_ids(*context);
    }
    result.inputs.push_back(encoder.encode(example.question, ids));
    result.labels.push_back(example.label.value_or(-1));
    result.levels.push_back(example.level);
  }
  return result;
}

ChoiceTask::ChoiceTask(Parts parts, const FinetuningSizes& sizes)
    : FinetuningTask(parts.tokenizer, sizes),
      parts_(std::move(parts)),
      eval_batch_size_(static_cast<size_t>(sizes.eval_batch_size)) {}

std::string ChoiceTask::summary() const {
  const auto& inputs = parts_.training.inputs;
  const auto truncated =
      std::count_if(inputs.begin(), inputs.end(), [](const auto& i) { return i.truncated; });
  UnknownPieces unknown(*parts_.tokenizer);
  for (const MultipleChoiceIds& question : inputs) {
    unknown.add(*question.context);
    for (const auto& option : question.options) unknown.add(option);
  }
  return std::to_string(inputs.size()) + " questions of " +
         std::to_string(inputs.front().choices()) + " options (" + std::to_string(truncated) +
         " truncated" + unknown.text() + "), " + std::to_string(examples(Split::kValidation)) +
         " to evaluate";
}

std::string ChoiceTask::data_hash() const {
  std::string hashes;
  for (size_t i = 0; i < parts_.training.inputs.size(); ++i) {
    const Sequences inputs = batch_of(parts_.encoder, parts_.training.inputs, std::span(&i, 1));
    std::string bytes = std::to_string(parts_.training.labels[i]);
    for (const auto& ids : inputs.input_ids) append_bytes(bytes, ids);
    for (const auto& types : inputs.token_type_ids) append_bytes(bytes, types);
    hashes += xxh3_128(bytes.data(), bytes.size());
  }
  return xxh3_128(hashes.data(), hashes.size());
}

std::vector<std::string> ChoiceTask::metric_names() const {
  std::vector<std::string> names = {"loss"};
  const Metrics counts = choice_counts(parts_.validation.levels);
  for (const auto& [suffix, count] : counts.values()) names.push_back("accuracy" + suffix);
  return names;
}

std::vector<double> ChoiceTask::count(Split, std::span<const size_t> which) const {
  return {static_cast<double>(which.size())};  // every question has a label
}

Deferred<MultipleChoiceModelOutput> ChoiceTask::forward(Split split, std::span<const size_t> which,
                                                        ForwardOptions options, double& tokens) {
  const Sequences inputs = batch_of(parts_.encoder, of(split).inputs, which);
  for (const auto& ids : inputs.input_ids) tokens += static_cast<double>(ids.size());
  options.loss.label_smoothing = parts_.label_smoothing;
  const auto labels = labels_of(of(split), which);
  return parts_.model.start(
      inputs, HostTensor::of<int64_t>({static_cast<int64_t>(which.size())}, labels), options);
}

Deferred<Metrics> ChoiceTask::start(Split split, std::span<const size_t> which,
                                    ForwardOptions options) {
  const double divisor = options.loss.counts.at(0);
  double tokens = 0;
  const auto pending = forward(split, which, std::move(options), tokens);
  return Deferred<Metrics>([=, right = labels_of(of(split), which)]() -> Metrics {
    const auto out = pending.get();
    const HostTensor wide = out.logits.to(DType::kF64);
    const auto chosen = choices_of(values_of(wide), static_cast<size_t>(wide.dim(1)));
    double correct = 0;
    for (size_t i = 0; i < right.size(); ++i) correct += chosen[i] == right[i] ? 1 : 0;
    return {{"loss", *out.loss * divisor},
            {"questions", static_cast<double>(right.size())},
            {"correct", correct},
            {"tokens", tokens}};
  });
}

Metrics ChoiceTask::averages(const Metrics& sums) const {
  const double questions = sums.at("questions");
  return {{"loss", sums.at("loss") / questions}, {"accuracy", sums.at("correct") / questions}};
}

ChoiceTask::Outputs ChoiceTask::evaluated() {
  const auto n = static_cast<size_t>(examples(Split::kValidation));
  Outputs outputs;
  double tokens = 0;
  for (size_t at = 0; at < n; at += eval_batch_size_) {
    std::vector<size_t> which(std::min(eval_batch_size_, n - at));
    std::iota(which.begin(), which.end(), at);
    const auto counts = count(Split::kValidation, which);
    const auto out = forward(Split::kValidation, which, {.loss = {.counts = counts}}, tokens).get();
    outputs.loss += *out.loss * counts[0];
    const HostTensor wide = out.logits.to(DType::kF64);
    const auto values = values_of(wide);
    outputs.values.insert(outputs.values.end(), values.begin(), values.end());
  }
  return outputs;
}

Metrics ChoiceTask::evaluate() {
  const Outputs outputs = evaluated();
  const size_t n = parts_.validation.inputs.size();
  const std::vector<int64_t> chosen = choices_of(outputs.values, outputs.values.size() / n);
  const auto is_first = [&](int64_t choice) { return choice == chosen.front(); };
  advice_ = n > 1 && std::all_of(chosen.begin(), chosen.end(), is_first)
                ? "every prediction is option " + std::to_string(chosen.front()) +
                      ": the run has collapsed; try another --seed, a lower --learning_rate or "
                      "more --warmup_steps"
                : "";
  Metrics metrics{{"loss", outputs.loss / static_cast<double>(n)}};
  metrics.add(choice_scores(chosen, parts_.validation.labels, parts_.validation.levels));
  return metrics;
}

ReportDetails ChoiceTask::details() {
  return choice_details(parts_.validation, evaluated().values, *parts_.tokenizer);
}

}  // namespace albert
