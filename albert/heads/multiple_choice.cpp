#include "albert/heads/multiple_choice.h"

#include "albert/heads/loss_targets.h"
#include "albert/heads/needed_rows.h"

namespace albert {
namespace {

// [B, C, ...] as [B * C, ...]
HostTensor flattened(const HostTensor& t) {
  if (t.shape().empty()) return t;
  if (t.shape().size() < 3)
    fail(ErrorCode::kBadData, "multiple choice takes [batch, choices, length], not ",
         t.shape_string());
  std::vector<int64_t> shape(t.shape().begin() + 1, t.shape().end());
  shape[0] *= t.dim(0);
  return t.reshaped(std::move(shape));
}

ModelInputs flattened(const ModelInputs& in) {
  return {flattened(in.input_ids), flattened(in.attention_mask), flattened(in.token_type_ids),
          flattened(in.position_ids), flattened(in.inputs_embeds)};
}

int64_t choices_of(BatchInputs inputs) {
  if (const Sequences* ragged = inputs.ragged()) {
    if (ragged->choices < 1 || ragged->size() % ragged->choices != 0)
      fail(ErrorCode::kBadData, ragged->size(), " sequences do not divide into questions of ",
           ragged->choices, " choices");
    return ragged->choices;
  }
  const HostTensor& given = inputs.padded()->given();
  return given.shape().size() < 2 ? 0 : given.dim(1);
}

}  // namespace

AlbertForMultipleChoice::AlbertForMultipleChoice(const AlbertConfig& config)
    : PreTrained(config, "AlbertForMultipleChoice"),
      backbone_(store(), "albert.", config_, Backbone::Pooling::kFirstToken),
      weight_(add_weight(store(), "classifier.weight", {1, config_.hidden_size}, false)),
      bias_(add_bias(store(), "classifier.bias", 1)) {}

MultipleChoiceModelOutput AlbertForMultipleChoice::forward(BatchInputs inputs,
                                                           const HostTensor& labels,
                                                           const LossOptions& loss,
                                                           const ForwardOptions& options) {
  const int64_t choices = choices_of(inputs);
  const PackedBatch batch =
      inputs.ragged() ? pack(inputs, choices) : pack(flattened(*inputs.padded()));
  const int64_t questions = batch.batch_size() / choices;
  const bool labelled = !labels.empty();
  const auto answers =
      labelled ? class_labels(labels, "labels", questions, choices) : std::vector<int32_t>{};
  const auto loss_options = mean_cross_entropy(answers, loss, choices);
  const NeededRows rows = pooled_rows(options, batch);
  const auto first_at = rows.locate(batch.first_rows());

  std::optional<BackboneOutput> result;
  Tensor logits;
  std::vector<Tensor> losses;
  run(options, batch, [&](Tape& t) -> std::vector<Upstream> {
    result = backbone_(t, batch, encoder_call(options, batch, rows.views()), i32_view(first_at));
    const Var pooled =
        ops::dropout(t, *result->pooled, classifier_dropout(options, batch.sequence_ids()));
    const Var scores =
        ops::reshape(t, ops::linear(t, pooled, {weight_, bias_}), {questions, choices});
    logits = scores.value();
    if (!labelled) return {};
    const Var total = ops::cross_entropy(t, scores, i32_view(answers), loss_options);
    losses = {total.value()};
    return {{total, {}}};
  });

  MultipleChoiceModelOutput out;
  fill(out, batch, *result, losses);
  out.logits = to_host(logits);
  return out;
}

}  // namespace albert
