#include "albert/heads/masked_lm.h"

#include "albert/heads/loss_targets.h"
#include "albert/heads/needed_rows.h"

namespace albert {

AlbertForMaskedLM::AlbertForMaskedLM(const AlbertConfig& config)
    : PreTrained(config, "AlbertForMaskedLM"),
      backbone_(store(), "albert.", config_, Backbone::Pooling::kNone),
      predictions_(store(), config_, backbone_.word_embeddings()) {}

MaskedLMOutput AlbertForMaskedLM::forward(BatchInputs inputs, const HostTensor& labels,
                                          const ForwardOptions& options) {
  const PackedBatch batch = pack(inputs);
  const bool labelled = !labels.empty();
  const TokenLabels targets =
      labelled ? token_labels(labels, batch, config_.vocab_size) : TokenLabels{};
  const kernels::CrossEntropy loss_options =
      mean_cross_entropy(targets.of_rows, {}, config_.vocab_size);
  const bool every_row = wants_every_row(options);
  const NeededRows rows =
      every_row ? NeededRows::all(batch) : NeededRows::only(batch, targets.rows);
  const auto& row_labels = every_row ? targets.labels : targets.of_rows;

  std::optional<BackboneOutput> result;
  Tensor logits;
  std::vector<Tensor> losses;
  run(options, batch, [&](Tape& t) -> std::vector<Upstream> {
    result = backbone_(t, batch, encoder_call(options, batch, rows.views()), {});
    const Var scores = predictions_(t, result->encoder.last_hidden_state);
    logits = scores.value();
    if (!labelled) return {};
    const Var loss = ops::cross_entropy(t, scores, i32_view(row_labels), loss_options);
    losses = {loss.value()};
    return {{loss, {}}};
  });

  MaskedLMOutput out;
  fill(out, batch, *result, losses);
  if (options.logits) out.logits = batch.unpack(to_host(logits));
  return out;
}

}  // namespace albert
