#include "albert/heads/pretraining.h"

#include <array>
#include <utility>

#include "albert/heads/loss_targets.h"
#include "albert/heads/needed_rows.h"

namespace albert {
namespace {

constexpr int64_t kOrders = 2;

std::vector<int32_t> together(std::vector<int32_t> a, const std::vector<int32_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

int64_t count_equal(const HostTensor& predicted, const std::vector<int32_t>& labels) {
  int64_t equal = 0;
  for (size_t i = 0; i < labels.size(); ++i)
    equal += predicted.at<int32_t>(static_cast<int64_t>(i)) == labels[i];
  return equal;
}

// Adds how many labels there are, and how many of them are the `best` classes of their rows: of
// words, then of orders.
void add_scores(AlbertForPreTrainingOutput& out, const std::vector<double>& counts,
                const std::array<HostTensor, 2>& best,
                const std::array<std::vector<int32_t>, 2>& labels) {
  out.mlm_count = static_cast<int64_t>(counts[0]);
  out.sop_count = static_cast<int64_t>(counts[1]);
  out.mlm_correct = count_equal(best[0], labels[0]);
  out.sop_correct = count_equal(best[1], labels[1]);
}

// Labels as the two losses take them; empty where there are none.
struct Targets {
  TokenLabels tokens;
  std::vector<int32_t> orders;
  bool given() const { return !orders.empty(); }
  std::vector<double> counts() const {
    return {label_weight(tokens.of_rows, {}, 0), label_weight(orders, {}, 0)};
  }
};

Targets targets_of(const PreTrainingLabels& labels, const PackedBatch& batch, int64_t vocab_size) {
  Targets of;
  if (labels.labels.empty() || labels.sentence_order_label.empty()) return of;
  of.tokens = token_labels(labels.labels, batch, vocab_size);
  of.orders = class_labels(labels.sentence_order_label, "sentence_order_label", batch.batch_size(),
                           kOrders);
  return of;
}

}  // namespace

AlbertForPreTraining::AlbertForPreTraining(const AlbertConfig& config)
    : PreTrained(config, "AlbertForPreTraining"),
      backbone_(store(), "albert.", config_, Backbone::Pooling::kFirstToken),
      predictions_(store(), config_, backbone_.word_embeddings()),
      sop_weight_(add_weight(store(), "sop_classifier.classifier.weight",
                             {kOrders, config_.hidden_size}, false)),
      sop_bias_(add_bias(store(), "sop_classifier.classifier.bias", kOrders)) {}

std::vector<double> AlbertForPreTraining::count(BatchInputs inputs, const PreTrainingLabels& labels,
                                                const LossOptions& loss) const {
  check_plain(loss);
  return targets_of(labels, pack(inputs), config_.vocab_size).counts();
}

Var AlbertForPreTraining::order_logits(Tape& t, const PackedBatch& batch, Var pooled,
                                       const ForwardOptions& options) const {
  ops::Dropout dropout = classifier_dropout(options, batch.sequence_ids());
  if (options.dropout.active) dropout.probability = sop_dropout_.value_or(dropout.probability);
  return ops::linear(t, ops::dropout(t, pooled, dropout), {sop_weight_, sop_bias_});
}

HostTensor AlbertForPreTraining::order_logits(BatchInputs inputs) {
  const PackedBatch batch = pack(inputs);
  const std::vector<int32_t> first = batch.first_rows();
  const NeededRows rows = NeededRows::only(batch, first);
  const std::vector<int32_t> located = rows.locate(first);
  const ForwardOptions options{.logits = false};
  Tensor logits;
  run(options, batch, [&](Tape& t) -> std::vector<Upstream> {
    const BackboneOutput result =
        backbone_(t, batch, encoder_call(options, batch, rows.views()), HostView::of(located));
    logits = ops::widen(t, order_logits(t, batch, *result.pooled, options).value());
    return {};
  });
  return to_host(logits);
}

Deferred<AlbertForPreTrainingOutput> AlbertForPreTraining::start(BatchInputs inputs,
                                                                 const PreTrainingLabels& labels,
                                                                 const ForwardOptions& options) {
  check_plain(options.loss);
  const PackedBatch batch = pack(inputs);
  const Targets targets = targets_of(labels, batch, config_.vocab_size);
  const std::vector<double> own = targets.counts(), counts = counts_of(options.loss, own);
  const bool labelled = targets.given(), every_row = wants_every_row(options);
  const auto first = batch.first_rows();
  const NeededRows rows = every_row ? NeededRows::all(batch)
                                    : NeededRows::only(batch, together(first, targets.tokens.rows));
  const auto& tokens = every_row ? targets.tokens.labels : targets.tokens.of_rows;
  const auto first_at = rows.locate(first), masked_at = rows.locate(targets.tokens.rows);

  std::optional<BackboneOutput> result;
  Tensor prediction_logits, sop_logits;
  std::vector<Tensor> losses, best_classes;
  run(options, batch, [&](Tape& t) -> std::vector<Upstream> {
    result =
        backbone_(t, batch, encoder_call(options, batch, rows.views()), HostView::of(first_at));
    const Var hidden = result->encoder.last_hidden_state;
    const Var predictions =
        predictions_(t, every_row ? hidden : ops::gather_rows(t, hidden, HostView::of(masked_at)));
    const Var sop = order_logits(t, batch, *result->pooled, options);
    if (options.logits) prediction_logits = ops::unpack_rows(t, predictions.value(), batch);
    sop_logits = sop.value();
    if (!labelled) return {};
    best_classes = {t.save({predictions.shape()[0]}, DType::kI32),
                    t.save({sop.shape()[0]}, DType::kI32)};
    const Var mlm_loss =
        ops::cross_entropy(t, predictions, HostView::of(tokens),
                           mean_cross_entropy(options.loss, counts[0]), best_classes[0]);
    const Var sop_loss =
        ops::cross_entropy(t, sop, HostView::of(targets.orders),
                           mean_cross_entropy(options.loss, counts[1]), best_classes[1]);
    losses = {mlm_loss.value(), sop_loss.value()};
    return {{mlm_loss}, {sop_loss}};
  });

  const auto common = start_output(batch, *result, {});
  const auto terms = start_to_host(losses), best = start_to_host(best_classes);
  const auto sop = start_to_host(sop_logits);
  // The logits are large: they are copied out now instead of into a second buffer.
  const auto words = std::make_shared<HostTensor>();
  if (options.logits) *words = to_host(prediction_logits);
  return Deferred<AlbertForPreTrainingOutput>([=, orders = targets.orders] {
    AlbertForPreTrainingOutput out;
    static_cast<ModelOutput&>(out) = common.get();
    if (labelled) {
      out.mlm_loss = value_of(terms[0].get());
      out.sop_loss = value_of(terms[1].get());
      out.loss = *out.mlm_loss + *out.sop_loss;
      add_scores(out, own, {best[0].get(), best[1].get()}, {tokens, orders});
    }
    out.prediction_logits = std::move(*words);
    out.sop_logits = sop.get();
    return out;
  });
}

}  // namespace albert
