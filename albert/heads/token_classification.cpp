#include "albert/heads/token_classification.h"

#include "albert/heads/loss_targets.h"
#include "albert/heads/needed_rows.h"

namespace albert {

AlbertForTokenClassification::AlbertForTokenClassification(const AlbertConfig& config)
    : PreTrained(config, "AlbertForTokenClassification"),
      backbone_(store(), "albert.", config_, Backbone::Pooling::kNone),
      weight_(add_weight(store(), "classifier.weight", {config_.num_labels(), config_.hidden_size},
                         false)),
      bias_(add_bias(store(), "classifier.bias", config_.num_labels())) {}

TokenClassifierOutput AlbertForTokenClassification::forward(BatchInputs inputs,
                                                            const HostTensor& labels,
                                                            const LossOptions& loss,
                                                            const ForwardOptions& options) {
  const PackedBatch batch = pack(inputs);
  const bool labelled = !labels.empty();
  const TokenLabels targets =
      labelled ? token_labels(labels, batch, config_.num_labels()) : TokenLabels{};
  const auto loss_options = mean_cross_entropy(targets.of_rows, loss, config_.num_labels());
  const bool every_row = wants_every_row(options);
  const NeededRows rows =
      every_row ? NeededRows::all(batch) : NeededRows::only(batch, targets.rows);
  const RowViews views = rows.views();

  std::optional<BackboneOutput> result;
  Tensor logits;
  std::vector<Tensor> losses;
  run(options, batch, [&](Tape& t) -> std::vector<Upstream> {
    result = backbone_(t, batch, encoder_call(options, batch, views), {});
    const auto dropout = classifier_dropout(options, views.row_ids, config_.hidden_dropout_prob);
    const Var hidden = ops::dropout(t, result->encoder.last_hidden_state, dropout);
    const Var scores = ops::linear(t, hidden, {weight_, bias_});
    logits = scores.value();
    if (!labelled) return {};
    const Var total = ops::cross_entropy(
        t, scores, i32_view(every_row ? targets.labels : targets.of_rows), loss_options);
    losses = {total.value()};
    return {{total, {}}};
  });

  TokenClassifierOutput out;
  fill(out, batch, *result, losses);
  if (options.logits) out.logits = batch.unpack(to_host(logits));
  return out;
}

}  // namespace albert
