#include "albert/trainer/tasks/tagging/task.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "albert/base/checksum.h"
#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/inference/batches.h"
#include "albert/trainer/tasks/tagging/details.h"
#include "albert/trainer/tasks/tagging/reports.h"
#include "albert/trainer/tasks/unknown_pieces.h"

namespace albert {
namespace {

constexpr int64_t kNone = -100;

bool is_label(int64_t label) { return label != kNone; }

struct Batch {
  Sequences inputs;
  HostTensor labels;  // [B, S]
  double labelled = 0, tokens = 0;
};

Batch batch_of(const TaggingExamples& examples, std::span<const size_t> which) {
  Batch batch;
  for (const size_t i : which) {
    batch.inputs.input_ids.push_back(examples.inputs.input_ids[i]);
    batch.inputs.token_type_ids.push_back(examples.inputs.token_type_ids[i]);
    batch.tokens += static_cast<double>(examples.inputs.input_ids[i].size());
  }
  const auto longest = static_cast<size_t>(batch.inputs.longest());
  std::vector<int64_t> labels;
  for (const size_t i : which) {
    const auto& row = examples.labels[i];
    labels.insert(labels.end(), row.begin(), row.end());
    labels.insert(labels.end(), longest - row.size(), kNone);
    batch.labelled += static_cast<double>(std::count_if(row.begin(), row.end(), is_label));
  }
  batch.labels = HostTensor::of<int64_t>(
      {static_cast<int64_t>(which.size()), static_cast<int64_t>(longest)}, labels);
  return batch;
}

std::vector<int64_t> labels_of_window(const TokenWindow& window,
                                      const std::vector<int64_t>& labels) {
  std::vector<int64_t> of_ids;
  for (const int64_t token : window.decides)
    of_ids.push_back(token < 0 ? kNone : labels[static_cast<size_t>(token)]);
  return of_ids;
}

// The sum of the cross-entropies of labelled tokens.
double loss_of(const std::vector<int64_t>& labels, const TokenLogits& logits) {
  double sum = 0;
  for (size_t t = 0; t < labels.size(); ++t)
    if (is_label(labels[t])) sum -= std::log(softmax(logits.of(t))[static_cast<size_t>(labels[t])]);
  return sum;
}

}  // namespace

LabelledText labelled_text(WindowedText text, const std::vector<int64_t>& labels_of_words,
                           const FurtherLabels& further) {
  LabelledText sentence{std::move(text), {}};
  int64_t last = -1;
  for (const WindowedText::Token& token : sentence.text.tokens) {
    const int64_t label = labels_of_words[static_cast<size_t>(token.word)];
    if (token.word != last)
      sentence.labels.push_back(label);
    else
      sentence.labels.push_back(further.empty() ? kNone : further[static_cast<size_t>(label)]);
    last = token.word;
  }
  return sentence;
}

TaggingExamples tagging_examples(const std::vector<LabelledText>& sentences) {
  TaggingExamples examples;
  for (const auto& [text, labels] : sentences) {
    std::set<int64_t> seen;
    for (const WindowedText::Token& token : text.tokens) seen.insert(token.word);
    ++examples.sentences;
    examples.words += *text.words;
    examples.unreadable += *text.words - static_cast<int64_t>(seen.size());
    examples.in_parts += text.windows.size() > 1 ? 1 : 0;
    for (const TokenWindow& window : text.windows) {
      auto of_ids = labels_of_window(window, labels);
      if (std::none_of(of_ids.begin(), of_ids.end(), is_label)) continue;
      examples.inputs.input_ids.push_back(window.input_ids);
      examples.inputs.token_type_ids.push_back(window.token_type_ids);
      examples.labels.push_back(std::move(of_ids));
    }
  }
  return examples;
}

TaggingTask::TaggingTask(Parts parts, const FinetuningSizes& sizes)
    : FinetuningTask(parts.tokenizer, sizes),
      parts_(std::move(parts)),
      eval_batch_size_(sizes.eval_batch_size) {
  for (const auto& [id, name] : parts_.model.config().id2label) labels_.push_back(name);
}

int64_t TaggingTask::examples(Split split) const {
  return split == Split::kTraining ? parts_.training.size()
                                   : static_cast<int64_t>(parts_.validation.texts.size());
}

std::string TaggingTask::summary() const {
  const TaggingExamples& training = parts_.training;
  UnknownPieces unknown(*parts_.tokenizer);
  for (const auto& ids : training.inputs.input_ids) unknown.add(ids);
  std::string text = std::to_string(training.sentences) + " sentences of " +
                     std::to_string(training.words) + " words in " +
                     std::to_string(training.size()) + " windows" + unknown.text() + ", ";
  if (training.in_parts > 0) text += std::to_string(training.in_parts) + " sentences in several, ";
  if (training.unreadable > 0)
    text += std::to_string(training.unreadable) + " words without a piece, ";
  return text + std::to_string(examples(Split::kValidation)) + " sentences to evaluate, " +
         std::to_string(labels_.size()) + " labels (" + parts_.described + ")";
}

std::string TaggingTask::data_hash() const {
  std::string bytes;
  for (size_t i = 0; i < parts_.training.labels.size(); ++i) {
    append_bytes(bytes, parts_.training.inputs.input_ids[i]);
    append_bytes(bytes, parts_.training.inputs.token_type_ids[i]);
    append_bytes(bytes, parts_.training.labels[i]);
  }
  return xxh3_128(bytes.data(), bytes.size());
}

std::vector<std::string> TaggingTask::metric_names() const {
  std::vector<std::string> names = tagging_metric_names(labels_, parts_.by_type);
  names.insert(names.begin(), "loss");
  return names;
}

std::vector<double> TaggingTask::count(Split split, std::span<const size_t> which) const {
  ALBERT_CHECK(split == Split::kTraining, "evaluation labels sentences instead");
  const Batch batch = batch_of(parts_.training, which);
  return parts_.model.count(batch.inputs, batch.labels, parts_.loss);
}

Deferred<Metrics> TaggingTask::start(Split split, std::span<const size_t> which,
                                     ForwardOptions forward) {
  ALBERT_CHECK(split == Split::kTraining, "evaluation labels sentences instead");
  const Batch batch = batch_of(parts_.training, which);
  const double divisor = forward.loss.counts.at(0), tokens = batch.tokens,
               weight = count(split, which).front();
  forward.logits = false;
  forward.loss.class_weights = parts_.loss.class_weights;
  forward.loss.label_smoothing = parts_.loss.label_smoothing;
  const auto pending = parts_.model.start(batch.inputs, batch.labels, forward);
  return Deferred<Metrics>([=]() -> Metrics {
    return {{"loss", *pending.get().loss * divisor}, {"weight", weight}, {"tokens", tokens}};
  });
}

Metrics TaggingTask::averages(const Metrics& sums) const {
  return {{"loss", sums.at("loss") / sums.at("weight")}};
}

TaggingTask::Outputs TaggingTask::evaluated() {
  const Validation& validation = parts_.validation;
  const auto logits = token_logits(parts_.model, validation.texts, eval_batch_size_);
  Outputs outputs;
  for (size_t i = 0; i < logits.size(); ++i) {
    outputs.predicted.push_back(
        group_entities(validation.texts[i], logits[i], labels_, Aggregation::kFirst).labels);
    outputs.losses.push_back(loss_of(validation.labels[i], logits[i]));
  }
  return outputs;
}

Metrics TaggingTask::evaluate() {
  const Validation& validation = parts_.validation;
  const Outputs outputs = evaluated();
  double labelled = 0;
  for (const auto& labels : validation.labels)
    labelled += static_cast<double>(std::count_if(labels.begin(), labels.end(), is_label));
  advice_ = advice_on(outputs.predicted);
  const double loss = std::accumulate(outputs.losses.begin(), outputs.losses.end(), 0.0);
  Metrics metrics{{"loss", loss / labelled}};
  metrics.add(metrics_of(outputs.predicted, validation.right, labels_, parts_.by_type));
  return metrics;
}

ReportDetails TaggingTask::details() {
  const Outputs outputs = evaluated();
  return tagging_details({.texts = parts_.validation.texts,
                          .right = parts_.validation.right,
                          .predicted = outputs.predicted,
                          .losses = outputs.losses});
}

std::string TaggingTask::advice_on(const TagSequences& predicted) const {
  const auto labels_in = [](const TagSequences& sentences) {
    std::set<std::string> labels;
    for (const auto& sentence : sentences) labels.insert(sentence.begin(), sentence.end());
    return labels;
  };
  const std::set<std::string> given = labels_in(predicted);
  if (given.size() != 1 || labels_in(parts_.validation.right).size() < 2) return "";
  return "every word is labelled " + in_quotes(*given.begin()) +
         ": the run has not begun to learn, or has collapsed; try more steps, another "
         "--learning_rate or more --warmup_steps";
}

}  // namespace albert
