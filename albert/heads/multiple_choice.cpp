#include "albert/heads/multiple_choice.h"

#include "albert/heads/loss_targets.h"
#include "albert/heads/needed_rows.h"
#include "albert/heads/rdrop.h"

namespace albert {
namespace {

// Reshapes [B, C, ...] to [B * C, ...].
HostTensor flattened(const HostTensor& t) {
  if (t.shape().empty()) return t;
  if (t.shape().size() < 3)
    fail(ErrorCode::kBadData, "an input of multiple choice is ", t.shape_string(),
         ", wanted [batch, choices, length]");
  std::vector<int64_t> shape(t.shape().begin() + 1, t.shape().end());
  shape[0] *= t.dim(0);
  return t.reshaped(std::move(shape));
}

ModelInputs flattened(const ModelInputs& in) {
  return {flattened(in.input_ids), flattened(in.attention_mask), flattened(in.token_type_ids),
          flattened(in.position_ids), flattened(in.inputs_embeds)};
}

// B and C.
struct Questions {
  int64_t count = 0, choices = 0;
};

Questions questions_of(BatchInputs inputs) {
  if (const Sequences* ragged = inputs.ragged()) {
    if (ragged->choices < 1 || ragged->size() % ragged->choices != 0)
      fail(ErrorCode::kBadData, ragged->size(), " sequences do not divide into questions of ",
           ragged->choices, " choices");
    return {ragged->size() / ragged->choices, ragged->choices};
  }
  const HostTensor& given = inputs.padded()->given();
  return given.shape().size() < 2 ? Questions{} : Questions{given.dim(0), given.dim(1)};
}

}  // namespace

AlbertForMultipleChoice::AlbertForMultipleChoice(const AlbertConfig& config)
    : PreTrained(config, "AlbertForMultipleChoice"),
      backbone_(store(), "albert.", config_, Backbone::Pooling::kFirstToken),
      weight_(add_weight(store(), "classifier.weight", {1, config_.hidden_size}, false)),
      bias_(add_bias(store(), "classifier.bias", 1)) {}

std::vector<double> AlbertForMultipleChoice::count(BatchInputs inputs, const HostTensor& labels,
                                                   const LossOptions& loss) const {
  const auto [questions, choices] = questions_of(inputs);
  return {label_weight(class_labels(labels, "labels", questions, choices), loss.class_weights,
                       choices)};
}

Deferred<MultipleChoiceModelOutput> AlbertForMultipleChoice::start(BatchInputs inputs,
                                                                   const HostTensor& labels,
                                                                   const ForwardOptions& options) {
  const Questions shape = questions_of(inputs);
  const PackedBatch batch =
      inputs.ragged() ? pack(inputs, shape.choices) : pack(flattened(*inputs.padded()));
  const bool labelled = !labels.empty();
  const auto answers = labelled ? class_labels(labels, "labels", shape.count, shape.choices)
                                : std::vector<int32_t>{};
  const auto counts =
      counts_of(options.loss, {label_weight(answers, options.loss.class_weights, shape.choices)});
  const auto loss_options = mean_cross_entropy(options.loss, counts[0]);
  const RDrop rdrop =
      labelled ? RDrop(batch, answers, shape.choices, options.loss, counts[0]) : RDrop();
  const NeededRows rows = pooled_rows(options, batch);
  const auto first_at = rows.locate(batch.first_rows());

  std::optional<BackboneOutput> result;
  Tensor logits;
  std::vector<Tensor> losses;
  run(options, batch, [&](Tape& t) -> std::vector<Upstream> {
    result =
        backbone_(t, batch, encoder_call(options, batch, rows.views()), HostView::of(first_at));
    const Var pooled =
        ops::dropout(t, *result->pooled, classifier_dropout(options, batch.sequence_ids()));
    const Var scores =
        ops::reshape(t, ops::linear(t, pooled, {weight_, bias_}), {shape.count, shape.choices});
    logits = scores.value();
    if (!labelled) return {};
    const Var total = ops::cross_entropy(t, scores, HostView::of(answers), loss_options);
    return summed(rdrop.terms(t, total, scores), losses);
  });

  const auto common = start_output(batch, *result, losses);
  const auto scores = start_to_host(logits);
  return Deferred<MultipleChoiceModelOutput>([=] {
    return MultipleChoiceModelOutput{common.get(), scores.get()};
  });
}

}  // namespace albert
