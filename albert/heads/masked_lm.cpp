#include "albert/heads/masked_lm.h"

#include "albert/heads/loss_targets.h"
#include "albert/heads/needed_rows.h"

namespace albert {
namespace {

std::vector<int32_t> rows_at(const PackedBatch& batch, std::span<const TokenPlace> places) {
  if (places.empty()) fail(ErrorCode::kBadData, "places: found none, wanted one or more");
  std::vector<int32_t> rows;
  for (size_t i = 0; i < places.size(); ++i) {
    const auto& [sequence, token] = places[i];
    const bool known = sequence >= 0 && sequence < batch.batch_size();
    const auto row = known ? batch.row_of(sequence, token) : std::nullopt;
    if (!row)
      fail(ErrorCode::kBadData, "places[", i, "]: found token ", token, " of sequence ", sequence,
           ", wanted one of the batch");
    if (i > 0 && places[i] <= places[i - 1])
      fail(ErrorCode::kBadData, "places[", i, "]: found it not behind the one before");
    rows.push_back(static_cast<int32_t>(*row));
  }
  return rows;
}

}  // namespace

AlbertForMaskedLM::AlbertForMaskedLM(const AlbertConfig& config)
    : PreTrained(config, "AlbertForMaskedLM"),
      backbone_(store(), "albert.", config_, Backbone::Pooling::kNone),
      predictions_(store(), config_, backbone_.word_embeddings()) {}

std::vector<double> AlbertForMaskedLM::count(BatchInputs inputs, const HostTensor& labels,
                                             const LossOptions& loss) const {
  check_one_pass(loss);
  const TokenLabels targets = token_labels(labels, pack(inputs), config_.vocab_size);
  return {label_weight(targets.of_rows, loss.class_weights, config_.vocab_size)};
}

HostTensor AlbertForMaskedLM::logits_at(BatchInputs inputs, std::span<const TokenPlace> places) {
  const PackedBatch batch = pack(inputs);
  const std::vector<int32_t> rows = rows_at(batch, places);
  const NeededRows needed = NeededRows::only(batch, rows);
  const std::vector<int32_t> located = needed.locate(rows);
  const ForwardOptions options{.logits = false};
  Tensor logits;
  run(options, batch, [&](Tape& t) -> std::vector<Upstream> {
    const BackboneOutput result =
        backbone_(t, batch, encoder_call(options, batch, needed.views()), {});
    const Var states = ops::gather_rows(t, result.encoder.last_hidden_state, HostView::of(located));
    logits = ops::widen(t, predictions_(t, states).value());
    return {};
  });
  return to_host(logits);
}

Deferred<MaskedLMOutput> AlbertForMaskedLM::start(BatchInputs inputs, const HostTensor& labels,
                                                  const ForwardOptions& options) {
  check_one_pass(options.loss);
  const PackedBatch batch = pack(inputs);
  const bool labelled = !labels.empty(), every_row = wants_every_row(options);
  const TokenLabels targets =
      labelled ? token_labels(labels, batch, config_.vocab_size) : TokenLabels{};
  const auto counts =
      counts_of(options.loss,
                {label_weight(targets.of_rows, options.loss.class_weights, config_.vocab_size)});
  const auto loss_options = mean_cross_entropy(options.loss, counts[0]);
  const NeededRows rows =
      every_row ? NeededRows::all(batch) : NeededRows::only(batch, targets.rows);
  const auto& row_labels = every_row ? targets.labels : targets.of_rows;

  std::optional<BackboneOutput> result;
  Tensor logits;
  std::vector<Tensor> losses;
  run(options, batch, [&](Tape& t) -> std::vector<Upstream> {
    result = backbone_(t, batch, encoder_call(options, batch, rows.views()), {});
    const Var scores = predictions_(t, result->encoder.last_hidden_state);
    if (options.logits) logits = ops::unpack_rows(t, scores.value(), batch);
    if (!labelled) return {};
    const Var loss = ops::cross_entropy(t, scores, HostView::of(row_labels), loss_options);
    losses = {loss.value()};
    return {{loss}};
  });

  const auto common = start_output(batch, *result, losses);
  // The logits are large: they are copied out now instead of into a second buffer.
  const auto words = std::make_shared<HostTensor>();
  if (options.logits) *words = to_host(logits);
  return Deferred<MaskedLMOutput>([=] { return MaskedLMOutput{common.get(), std::move(*words)}; });
}

}  // namespace albert
