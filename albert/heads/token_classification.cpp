#include "albert/heads/token_classification.h"

#include "albert/heads/loss_targets.h"
#include "albert/heads/needed_rows.h"
#include "albert/heads/rdrop.h"

namespace albert {

AlbertForTokenClassification::AlbertForTokenClassification(const AlbertConfig& config)
    : PreTrained(config, "AlbertForTokenClassification"),
      backbone_(store(), "albert.", config_, Backbone::Pooling::kNone),
      weight_(add_weight(store(), "classifier.weight", {config_.num_labels(), config_.hidden_size},
                         false)),
      bias_(add_bias(store(), "classifier.bias", config_.num_labels())) {}

std::vector<double> AlbertForTokenClassification::count(BatchInputs inputs,
                                                        const HostTensor& labels,
                                                        const LossOptions& loss) const {
  const TokenLabels targets = token_labels(labels, pack(inputs), config_.num_labels());
  return {label_weight(targets.of_rows, loss.class_weights, config_.num_labels())};
}

Deferred<TokenClassifierOutput> AlbertForTokenClassification::start(BatchInputs inputs,
                                                                    const HostTensor& labels,
                                                                    const ForwardOptions& options) {
  const auto batch = std::make_shared<const PackedBatch>(pack(inputs));
  const bool labelled = !labels.empty(), every_row = wants_every_row(options);
  const TokenLabels targets =
      labelled ? token_labels(labels, *batch, config_.num_labels()) : TokenLabels{};
  const auto counts =
      counts_of(options.loss,
                {label_weight(targets.of_rows, options.loss.class_weights, config_.num_labels())});
  const auto loss_options = mean_cross_entropy(options.loss, counts[0]);
  const auto& row_labels = every_row ? targets.labels : targets.of_rows;
  const RDrop rdrop =
      labelled ? RDrop(*batch, row_labels, config_.num_labels(), options.loss, counts[0]) : RDrop();
  const NeededRows rows =
      every_row ? NeededRows::all(*batch) : NeededRows::only(*batch, targets.rows);
  const RowViews views = rows.views();

  std::optional<BackboneOutput> result;
  Tensor logits;
  std::vector<Tensor> losses;
  run(options, *batch, [&](Tape& t) -> std::vector<Upstream> {
    result = backbone_(t, *batch, encoder_call(options, *batch, views), {});
    const auto dropout = classifier_dropout(options, views.row_ids, config_.hidden_dropout_prob);
    const Var hidden = ops::dropout(t, result->encoder.last_hidden_state, dropout);
    const Var scores = ops::linear(t, hidden, {weight_, bias_});
    if (options.logits) logits = ops::unpack_rows(t, scores.value(), *batch);
    if (!labelled) return {};
    const Var total = ops::cross_entropy(t, scores, HostView::of(row_labels), loss_options);
    return summed(rdrop.terms(t, total, scores), losses);
  });

  const auto common = start_output(*batch, *result, losses);
  const auto scores = start_to_host(options.logits ? std::vector{logits} : std::vector<Tensor>{});
  return Deferred<TokenClassifierOutput>([=] {
    TokenClassifierOutput out{common.get(), {}};
    for (const auto& s : scores) out.logits = s.get();
    return out;
  });
}

}  // namespace albert
