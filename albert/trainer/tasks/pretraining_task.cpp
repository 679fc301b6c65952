#include "albert/trainer/tasks/pretraining_task.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "albert/base/error.h"

namespace albert {
namespace {

struct Batch {
  Sequences inputs;
  PreTrainingLabels labels;
};

Batch batch_of(const std::vector<PretrainingExample>& examples) {
  Batch batch;
  std::vector<int64_t> orders;
  for (const auto& e : examples) {
    batch.inputs.input_ids.push_back(e.input_ids);
    batch.inputs.token_type_ids.push_back(e.token_type_ids);
    orders.push_back(e.sentence_order_label);
  }
  const int64_t length = batch.inputs.longest();
  std::vector<int64_t> labels(examples.size() * static_cast<size_t>(length),
                              kernels::kIgnoredLabel);
  for (size_t b = 0; b < examples.size(); ++b)
    for (size_t i = 0; i < examples[b].masked_positions.size(); ++i)
      labels[b * static_cast<size_t>(length) +
             static_cast<size_t>(examples[b].masked_positions[i])] = examples[b].masked_labels[i];
  const auto rows = static_cast<int64_t>(examples.size());
  batch.labels.labels = HostTensor::of<int64_t>({rows, length}, labels);
  batch.labels.sentence_order_label = HostTensor::of<int64_t>({rows}, orders);
  return batch;
}

double tokens_of(const std::vector<PretrainingExample>& examples) {
  double tokens = 0;
  for (const auto& e : examples) tokens += static_cast<double>(e.input_ids.size());
  return tokens;
}

// Of a mean over nothing, which is not a number.
double sum_from(double mean, double weight) { return weight > 0 ? mean * weight : 0; }

Metrics sums_of(const AlbertForPreTrainingOutput& out, double tokens, double mlm_weight,
                double sop_weight) {
  return {{"mlm_loss", sum_from(*out.mlm_loss, mlm_weight)},
          {"mlm_correct", static_cast<double>(out.mlm_correct)},
          {"mlm_count", static_cast<double>(out.mlm_count)},
          {"sop_loss", sum_from(*out.sop_loss, sop_weight)},
          {"sop_correct", static_cast<double>(out.sop_correct)},
          {"sop_count", static_cast<double>(out.sop_count)},
          {"tokens", tokens}};
}

}  // namespace

PretrainingTask::PretrainingTask(AlbertForPreTraining& model, const Tokenizer& tokenizer,
                                 std::vector<const ExampleSource*> phases,
                                 std::vector<HeldOutSet> held_out, BatchPlan plan,
                                 const PretrainingTaskOptions& options)
    : model_(model),
      tokenizer_(tokenizer),
      phases_(std::move(phases)),
      held_out_(std::move(held_out)),
      plan_(std::move(plan)),
      options_(options) {}

std::vector<PretrainingTask::Examples> PretrainingTask::examples_of(
    std::span<const MicroBatch> parts) const {
  std::vector<Examples> batches;
  for (const MicroBatch& part : parts) {
    const BatchPlan::Part own = plan_.part(part.step, part.index, part.all);
    const ExampleSource& samples = *phases_.at(static_cast<size_t>(own.phase));
    Examples& examples = batches.emplace_back();
    for (int64_t i = 0; i < own.count; ++i) examples.push_back(samples.example(own.first + i));
  }
  return batches;
}

std::vector<PretrainingTask::Examples> PretrainingTask::take_examples(
    std::span<const MicroBatch> parts) {
  const auto is_next = [&] {
    return std::equal(parts.begin(), parts.end(), next_.parts.begin(), next_.parts.end());
  };
  std::vector<Examples> batches = is_next() ? next_.examples.get() : examples_of(parts);
  next_.parts.assign(parts.begin(), parts.end());
  for (MicroBatch& part : next_.parts) ++part.step;
  next_.examples =
      std::async(std::launch::async, [this, later = next_.parts] { return examples_of(later); });
  return batches;
}

std::vector<double> PretrainingTask::counts(std::span<const MicroBatch> own) {
  current_ = take_examples(own);
  first_part_ = own.front().index;
  std::vector<double> counts{0, 0};
  for (const Examples& examples : current_)
    for (const PretrainingExample& e : examples) {
      counts[0] += static_cast<double>(e.masked_positions.size());
      counts[1] += 1;
    }
  return counts;
}

Deferred<Metrics> PretrainingTask::accumulate(const MicroBatch& part,
                                              std::span<const double> counts, Tensor loss_scale) {
  const Examples& examples = current_.at(static_cast<size_t>(part.index - first_part_));
  const Batch batch = batch_of(examples);
  ForwardOptions forward{
      .logits = false, .backward = true, .keep = options_.keep, .loss_scale = loss_scale};
  forward.loss.counts.assign(counts.begin(), counts.end());
  forward.dropout = {.active = true, .seed = options_.seed, .step = part.number()};
  const auto out = model_.start(batch.inputs, batch.labels, forward);
  return Deferred<Metrics>([out, tokens = tokens_of(examples), mlm = counts[0], sop = counts[1]] {
    return sums_of(out.get(), tokens, mlm, sop);
  });
}

Metrics PretrainingTask::averages(const Metrics& sums) const {
  const double masked = sums.at("mlm_count"), pairs = sums.at("sop_count");
  const double sop = sums.at("sop_loss") / pairs;
  if (masked == 0)
    return {{"loss", sop}, {"sop_loss", sop}, {"sop_accuracy", sums.at("sop_correct") / pairs}};
  const double mlm = sums.at("mlm_loss") / masked;
  return {{"loss", mlm + sop},
          {"mlm_loss", mlm},
          {"mlm_accuracy", sums.at("mlm_correct") / masked},
          {"sop_loss", sop},
          {"sop_accuracy", sums.at("sop_correct") / pairs}};
}

Metrics PretrainingTask::evaluate_on(const ExampleSource& samples) {
  constexpr int64_t kEvalBatch = 32;
  Metrics sums;
  for (int64_t at = 0; at < options_.eval_examples; at += kEvalBatch) {
    Examples examples;
    for (int64_t i = at; i < std::min(options_.eval_examples, at + kEvalBatch); ++i)
      examples.push_back(samples.example(i));
    const Batch batch = batch_of(examples);
    const auto out = model_.forward(batch.inputs, batch.labels, {.logits = false});
    sums.add(sums_of(out, tokens_of(examples), static_cast<double>(out.mlm_count),
                     static_cast<double>(out.sop_count)));
  }
  return averages(sums);
}

Metrics PretrainingTask::evaluate() {
  Metrics all;
  for (const HeldOutSet& set : held_out_)
    all.add(evaluate_on(*set.samples).with_prefix(set.name.empty() ? "" : set.name + "_"));
  return all;
}

void PretrainingTask::save_extras(const std::filesystem::path& folder) const {
  tokenizer_.save_pretrained(folder);
}

}  // namespace albert
