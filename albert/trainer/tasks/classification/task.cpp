#include "albert/trainer/tasks/classification/task.h"

#include <algorithm>
#include <numeric>

#include "albert/base/checksum.h"
#include "albert/base/printable.h"
#include "albert/trainer/tasks/classification/details.h"
#include "albert/trainer/tasks/unknown_pieces.h"

namespace albert {
namespace {

double tokens_of(const ClassificationExamples& examples, std::span<const size_t> which) {
  double tokens = 0;
  for (const size_t i : which) tokens += static_cast<double>(examples.inputs[i].input_ids.size());
  return tokens;
}

double correct_of(const HostTensor& logits, const ClassificationExamples& examples,
                  std::span<const size_t> which) {
  const HostTensor wide = logits.to(DType::kF64);
  double correct = 0;
  for (size_t b = 0; b < which.size(); ++b) {
    const auto row = wide.row<double>(static_cast<int64_t>(b));
    const auto largest = std::max_element(row.begin(), row.end()) - row.begin();
    correct += static_cast<double>(largest) == examples.answers.values[which[b]] ? 1 : 0;
  }
  return correct;
}

bool all_equal(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [&](double v) { return v == values.front(); });
}

}  // namespace

int64_t ClassificationExamples::truncated() const {
  return std::count_if(inputs.begin(), inputs.end(), [](const auto& i) { return i.truncated; });
}

ClassificationTask::ClassificationTask(Parts parts, const FinetuningSizes& sizes)
    : FinetuningTask(parts.tokenizer, sizes),
      parts_(std::move(parts)),
      eval_batch_size_(static_cast<size_t>(sizes.eval_batch_size)) {}

std::string ClassificationTask::summary() const {
  std::vector<std::string> sizes;
  for (const ValidationSet& set : parts_.validation)
    sizes.push_back(std::to_string(set.examples.size()));
  UnknownPieces unknown(*parts_.tokenizer);
  for (const TokenIds& input : parts_.training.inputs) unknown.add(input.input_ids);
  return std::to_string(parts_.training.size()) + " examples (" +
         std::to_string(parts_.training.truncated()) + " truncated" + unknown.text() + "), " +
         joined(sizes, " + ") + " to evaluate, " +
         (parts_.problem == Problem::kRegression
              ? "regression"
              : std::to_string(parts_.model.config().num_labels()) + " labels");
}

std::string ClassificationTask::data_hash() const {
  std::string bytes;
  for (const TokenIds& input : parts_.training.inputs) {
    append_bytes(bytes, input.input_ids);
    append_bytes(bytes, input.token_type_ids);
  }
  append_bytes(bytes, parts_.training.answers.values);
  return xxh3_128(bytes.data(), bytes.size());
}

std::vector<std::string> ClassificationTask::metric_names() const {
  std::vector<std::string> names;
  for (const ValidationSet& set : parts_.validation) {
    names.push_back("loss" + set.suffix);
    for (const auto& name : parts_.metrics) names.push_back(name + set.suffix);
  }
  return names;
}

Metrics ClassificationTask::sample_counts() const {
  Metrics counts;
  for (const ValidationSet& set : parts_.validation)
    counts.set("samples" + set.suffix, static_cast<double>(set.examples.size()));
  return counts;
}

// What the loss is divided by: the examples, or the sum of their class weights.
double ClassificationTask::weight_of(const ClassificationExamples& examples,
                                     std::span<const size_t> which) const {
  const auto& weights = parts_.loss.class_weights;
  if (weights.empty() || parts_.problem != Problem::kSingleLabel)
    return static_cast<double>(which.size());
  double sum = 0;
  for (const size_t i : which)
    sum += static_cast<double>(weights[static_cast<size_t>(examples.answers.values[i])]);
  return sum;
}

std::vector<double> ClassificationTask::count(Split split, std::span<const size_t> which) const {
  return {weight_of(of(split), which)};
}

HostTensor ClassificationTask::labels_of(const ClassificationExamples& examples,
                                         std::span<const size_t> which) const {
  const auto rows = static_cast<int64_t>(which.size());
  if (parts_.problem == Problem::kSingleLabel) {
    std::vector<int64_t> classes;
    for (const size_t i : which)
      classes.push_back(static_cast<int64_t>(examples.answers.values[i]));
    return HostTensor::of<int64_t>({rows}, classes);
  }
  std::vector<double> targets;
  for (const size_t i : which) {
    const auto answer = examples.answers.of(i);
    targets.insert(targets.end(), answer.begin(), answer.end());
  }
  return HostTensor::of<double>({rows, examples.answers.width}, targets);
}

ClassificationTask::Output ClassificationTask::forward(const ClassificationExamples& examples,
                                                       std::span<const size_t> which,
                                                       ForwardOptions options) {
  Sequences inputs;
  for (const size_t i : which) {
    inputs.input_ids.push_back(examples.inputs[i].input_ids);
    inputs.token_type_ids.push_back(examples.inputs[i].token_type_ids);
  }
  options.loss.class_weights = parts_.loss.class_weights;
  options.loss.label_smoothing = parts_.loss.label_smoothing;
  return parts_.model.start(inputs, labels_of(examples, which), options);
}

Deferred<Metrics> ClassificationTask::start(Split split, std::span<const size_t> which,
                                            ForwardOptions options) {
  const ClassificationExamples& examples = of(split);
  const double divisor = options.loss.counts.at(0), weight = weight_of(examples, which),
               tokens = tokens_of(examples, which);
  const bool single = parts_.problem == Problem::kSingleLabel;
  const auto pending = forward(examples, which, std::move(options));
  const std::vector<size_t> numbers(which.begin(), which.end());
  return Deferred<Metrics>([=, &examples]() -> Metrics {
    const auto out = pending.get();
    Metrics sums{{"loss", *out.loss * divisor}, {"weight", weight}, {"tokens", tokens}};
    if (single) {
      sums.set("correct", correct_of(out.logits, examples, numbers));
      sums.set("count", static_cast<double>(numbers.size()));
    }
    return sums;
  });
}

Metrics ClassificationTask::averages(const Metrics& sums) const {
  Metrics result{{"loss", sums.at("loss") / sums.at("weight")}};
  if (const auto correct = sums.find("correct"))
    result.set("accuracy", *correct / sums.at("count"));
  return result;
}

Metrics ClassificationTask::evaluate() {
  Metrics all;
  advice_.clear();
  for (const ValidationSet& set : parts_.validation) {
    const Metrics metrics = evaluate(set.examples);
    for (const auto& [name, value] : metrics.values()) all.set(name + set.suffix, value);
  }
  return all;
}

ClassificationTask::Outputs ClassificationTask::outputs_of(const ClassificationExamples& examples) {
  const auto n = static_cast<size_t>(examples.size());
  Outputs outputs;
  for (size_t at = 0; at < n; at += eval_batch_size_) {
    std::vector<size_t> which(std::min(eval_batch_size_, n - at));
    std::iota(which.begin(), which.end(), at);
    const double weight = weight_of(examples, which);
    const auto out = forward(examples, which, {.loss = {.counts = {weight}}}).get();
    const HostTensor logits = out.logits.to(DType::kF64);
    outputs.values.insert(outputs.values.end(), logits.data<double>(),
                          logits.data<double>() + logits.size());
    outputs.loss += *out.loss * weight;
    outputs.weights += weight;
  }
  return outputs;
}

Metrics ClassificationTask::evaluate(const ClassificationExamples& examples) {
  const Outputs outputs = outputs_of(examples);
  const int64_t labels = parts_.model.config().num_labels();
  const Answers predicted = answers_of_outputs(parts_.problem, outputs.values, labels);
  if (advice_.empty()) advice_ = advice_on(predicted, examples.answers);
  Metrics metrics{{"loss", outputs.loss / outputs.weights}};
  metrics.add(metrics_of(parts_.problem, parts_.metrics, predicted, examples.answers, labels));
  return metrics;
}

ReportDetails ClassificationTask::details() {
  const ClassificationExamples& examples = parts_.validation.front().examples;
  std::vector<std::string> labels;
  for (const auto& [number, name] : parts_.model.config().id2label) labels.push_back(name);
  ReportDetails details = details_of({.problem = parts_.problem,
                                      .labels = labels,
                                      .examples = examples,
                                      .outputs = outputs_of(examples).values,
                                      .tokenizer = *parts_.tokenizer});
  if (const auto shown = example_for_attention(examples))
    details.attention =
        attention_maps(*parts_.tokenizer, examples.inputs[*shown],
                       forward(examples, std::vector<size_t>{*shown}, {.output_attentions = true})
                           .get()
                           .attentions);
  return details;
}

std::string ClassificationTask::advice_on(const Answers& predicted, const Answers& right) const {
  if (parts_.problem == Problem::kMultiLabel || predicted.size() < 2) return "";
  if (!all_equal(predicted.values) || all_equal(right.values)) return "";
  const auto label = static_cast<int64_t>(predicted.values.front());
  return "every prediction is " +
         (parts_.problem == Problem::kRegression
              ? "the same number"
              : in_quotes(parts_.model.config().id2label.at(label))) +
         ": the run has collapsed; try another --seed, a lower --learning_rate, more "
         "--warmup_steps, or for pairs a model trained on MNLI with --fresh_classifier";
}

}  // namespace albert
