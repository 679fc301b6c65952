// What report.html shows of texts with labels or numbers.
#include "albert/trainer/tasks/classification/details.h"

#include <algorithm>
#include <cmath>

#include "albert/trainer/tasks/report_tables.h"
#include "albert/trainer/tasks/rounding.h"

namespace albert {
namespace {

constexpr size_t kMostLabels = 40;

ReportTable label_table(const std::vector<std::string>& labels,
                        const std::vector<EntityCounts>& counts) {
  ReportTable table{.title = "scores by label",
                    .columns = {"label", "examples", "predicted", "precision", "recall", "F1"}};
  for (size_t i = 0; i < labels.size(); ++i) table.rows.push_back(scores_row(labels[i], counts[i]));
  return table;
}

std::vector<EntityCounts> counts_of(const Answers& predicted, const Answers& right) {
  std::vector<EntityCounts> counts(static_cast<size_t>(right.width));
  for (size_t i = 0; i < right.values.size(); ++i) {
    EntityCounts& c = counts[i % counts.size()];
    const bool is = right.values[i] > 0, called = predicted.values[i] > 0;
    c.right += is ? 1 : 0;
    c.predicted += called ? 1 : 0;
    c.both += is && called ? 1 : 0;
  }
  return counts;
}

std::span<const double> outputs_of(const EvaluatedExamples& e, size_t example) {
  const size_t n = e.labels.size();
  return std::span(e.outputs).subspan(example * n, n);
}

// The logarithm of 1 + exp(x), which does not overflow.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

// The part of the loss that is this example's, without weights and smoothing.
double loss_of(const EvaluatedExamples& e, size_t example) {
  const auto outputs = outputs_of(e, example), right = e.examples.answers.of(example);
  double loss = 0;
  if (e.problem == Problem::kSingleLabel) {
    const double most = *std::max_element(outputs.begin(), outputs.end());
    for (const double v : outputs) loss += std::exp(v - most);
    return std::log(loss) + most - outputs[static_cast<size_t>(right[0])];
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    loss += e.problem == Problem::kRegression ? (outputs[i] - right[i]) * (outputs[i] - right[i])
                                              : softplus(right[i] > 0 ? -outputs[i] : outputs[i]);
  return loss;
}

std::string answer_text(const EvaluatedExamples& e, std::span<const double> answer) {
  if (e.problem == Problem::kSingleLabel) return e.labels[static_cast<size_t>(answer[0])];
  std::string text;
  for (size_t i = 0; i < answer.size(); ++i) {
    if (e.problem == Problem::kMultiLabel && answer[i] <= 0) continue;
    text += (text.empty() ? "" : ", ") +
            (e.problem == Problem::kRegression ? three_digits(answer[i]) : e.labels[i]);
  }
  return text.empty() ? "none" : text;
}

std::string text_of(const EvaluatedExamples& e, size_t example) {
  return clipped(e.tokenizer.decode(e.examples.inputs[example].input_ids, false));
}

ReportTable worst_examples(const EvaluatedExamples& e, const Answers& predicted) {
  std::vector<double> losses;
  for (size_t i = 0; i < e.examples.inputs.size(); ++i) losses.push_back(loss_of(e, i));
  ReportTable table{.title = "most wrong",
                    .note = "held-out examples with the largest loss, as the model reads them",
                    .columns = {"text", "right", "predicted", "loss"}};
  for (const size_t i : most_wrong(losses))
    table.rows.push_back({text_of(e, i), answer_text(e, e.examples.answers.of(i)),
                          answer_text(e, predicted.of(i)), three_digits(losses[i])});
  return table;
}

}  // namespace

ReportDetails details_of(const EvaluatedExamples& e) {
  ReportDetails details;
  const auto labels = static_cast<int64_t>(e.labels.size());
  const Answers predicted = answers_of_outputs(e.problem, e.outputs, labels);
  const Answers& right = e.examples.answers;
  const bool few = e.labels.size() <= kMostLabels;
  if (e.problem == Problem::kSingleLabel) {
    const Confusion confusion = confusion_of(classes_of(predicted), classes_of(right), labels);
    details.tables.push_back(label_table(e.labels, counts_of(confusion)));
    if (few) details.tables.push_back(confusion_table("confusion", e.labels, confusion));
  } else if (e.problem == Problem::kMultiLabel) {
    details.tables.push_back(label_table(e.labels, counts_of(predicted, right)));
  }
  details.tables.push_back(worst_examples(e, predicted));
  return details;
}

std::optional<size_t> example_for_attention(const ClassificationExamples& examples) {
  constexpr size_t kFewest = 4, kMost = 32;
  for (size_t i = 0; i < examples.inputs.size(); ++i) {
    const size_t ids = examples.inputs[i].input_ids.size();
    if (ids >= kFewest && ids <= kMost) return i;
  }
  return std::nullopt;
}

AttentionMaps attention_maps(const Tokenizer& tokenizer, const TokenIds& input,
                             const std::vector<HostTensor>& attentions) {
  AttentionMaps maps{.note =
                         "each row is what a token attends to, heads averaged; the layers "
                         "share their weights"};
  for (const int32_t id : input.input_ids) maps.tokens.push_back(tokenizer.piece(id));
  const size_t size = maps.tokens.size() * maps.tokens.size();
  for (const HostTensor& layer : attentions) {
    const HostTensor wide = layer.to(DType::kF32);
    const auto heads = static_cast<size_t>(wide.size()) / size;
    std::vector<float> mean(size);
    for (size_t i = 0; i < heads * size; ++i)
      mean[i % size] += wide.data<float>()[i] / static_cast<float>(heads);
    maps.layers.push_back(std::move(mean));
  }
  return maps;
}

}  // namespace albert
