#include "albert/trainer/tasks/pretraining_task.h"

#include <cmath>
#include <utility>

#include "albert/base/error.h"
#include "albert/trainer/loop/training_loop.h"

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

Metrics sums_of(const AlbertForPreTrainingOutput& out, double tokens, double mlm_weight,
                double sop_weight) {
  return {{"mlm_loss", *out.mlm_loss * mlm_weight},
          {"mlm_correct", static_cast<double>(out.mlm_correct)},
          {"mlm_count", static_cast<double>(out.mlm_count)},
          {"sop_loss", *out.sop_loss * sop_weight},
          {"sop_correct", static_cast<double>(out.sop_correct)},
          {"sop_count", static_cast<double>(out.sop_count)},
          {"tokens", tokens}};
}

}  // namespace

PretrainingTask::PretrainingTask(AlbertForPreTraining& model, const Tokenizer& tokenizer,
                                 const PretrainingSamples& samples,
                                 const PretrainingSamples* validation,
                                 const PretrainingTaskOptions& options, const Communicator& ranks)
    : model_(model),
      tokenizer_(tokenizer),
      samples_(samples),
      validation_(validation),
      options_(options),
      ranks_(ranks),
      micro_batch_(micro_batch_size(options.batch_size, options.accumulation, ranks)) {}

std::vector<PretrainingTask::Examples> PretrainingTask::examples_of(int64_t step) const {
  std::vector<Examples> batches;
  for (int64_t m = 0; m < options_.accumulation; ++m) {
    const int64_t first =
        step * options_.batch_size + (m * ranks_.size() + ranks_.rank()) * micro_batch_;
    Examples& examples = batches.emplace_back();
    for (int64_t i = 0; i < micro_batch_; ++i) examples.push_back(samples_.example(first + i));
  }
  return batches;
}

std::vector<PretrainingTask::Examples> PretrainingTask::take_examples(int64_t step) {
  std::vector<Examples> batches =
      std::exchange(next_.step, -1) == step ? next_.examples.get() : examples_of(step);
  next_ = {step + 1,
           std::async(std::launch::async, [this, step] { return examples_of(step + 1); })};
  return batches;
}

std::vector<double> PretrainingTask::counts(int64_t step) {
  current_ = take_examples(step);
  std::vector<double> counts{0, 0};
  for (const Examples& examples : current_)
    for (const PretrainingExample& e : examples) {
      counts[0] += static_cast<double>(e.masked_positions.size());
      counts[1] += 1;
    }
  return counts;
}

Deferred<Metrics> PretrainingTask::accumulate(int64_t step, std::span<const double> counts,
                                              Tensor loss_scale) {
  std::vector<Deferred<Metrics>> sums;
  for (int64_t m = 0; m < options_.accumulation; ++m) {
    const Examples& examples = current_[static_cast<size_t>(m)];
    const Batch batch = batch_of(examples);
    ForwardOptions forward{
        .logits = false, .backward = true, .keep = options_.keep, .loss_scale = loss_scale};
    forward.loss.counts.assign(counts.begin(), counts.end());
    forward.dropout = {.active = true,
                       .seed = options_.seed,
                       .step = static_cast<uint64_t>(
                           (step * options_.accumulation + m) * ranks_.size() + ranks_.rank())};
    const auto out = model_.start(batch.inputs, batch.labels, forward);
    sums.emplace_back([out, tokens = tokens_of(examples), mlm = counts[0], sop = counts[1]] {
      return sums_of(out.get(), tokens, mlm, sop);
    });
  }
  return sum_of(std::move(sums));
}

Metrics PretrainingTask::averages(const Metrics& sums) const {
  const double masked = sums.at("mlm_count"), pairs = sums.at("sop_count");
  const double mlm = sums.at("mlm_loss") / masked, sop = sums.at("sop_loss") / pairs;
  return {{"loss", mlm + sop},
          {"mlm_loss", mlm},
          {"mlm_accuracy", sums.at("mlm_correct") / masked},
          {"sop_loss", sop},
          {"sop_accuracy", sums.at("sop_correct") / pairs}};
}

Metrics PretrainingTask::evaluate() {
  if (!validation_) return {};
  constexpr int64_t kEvalBatch = 32;
  Metrics sums;
  for (int64_t at = 0; at < options_.eval_examples; at += kEvalBatch) {
    Examples examples;
    for (int64_t i = at; i < std::min(options_.eval_examples, at + kEvalBatch); ++i)
      examples.push_back(validation_->example(i));
    const Batch batch = batch_of(examples);
    const auto out = model_.forward(batch.inputs, batch.labels, {.logits = false});
    sums.add(sums_of(out, tokens_of(examples), static_cast<double>(out.mlm_count),
                     static_cast<double>(out.sop_count)));
  }
  return averages(sums);
}

void PretrainingTask::save_extras(const std::filesystem::path& folder) const {
  tokenizer_.save_pretrained(folder);
}

}  // namespace albert
