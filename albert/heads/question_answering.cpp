#include "albert/heads/question_answering.h"

#include <algorithm>

#include "albert/heads/loss_targets.h"
#include "albert/heads/needed_rows.h"
#include "albert/heads/rdrop.h"

namespace albert {
namespace {

constexpr int64_t kEnds = 2;  // start and end

const AlbertConfig& with_two_labels(const AlbertConfig& config) {
  if (config.num_labels() != kEnds)
    fail(ErrorCode::kMismatch,
         "question answering has 2 outputs, start and end, but the config's num_labels is ",
         config.num_labels());
  return config;
}

// The positions of every sequence's two ends, as rows inside the sequence; -1: left out.
class SpanTargets {
 public:
  SpanTargets(const QuestionAnsweringLabels& labels, const PackedBatch& batch)
      : positions_(static_cast<size_t>(kEnds * batch.sequences()), -1) {
    read(labels.start_positions, "start_positions", 0, batch);
    read(labels.end_positions, "end_positions", 1, batch);
  }
  // [sequences, 2] i32
  HostView positions() const {
    const auto sequences = static_cast<int64_t>(positions_.size()) / kEnds;
    return HostView::of(positions_).reshaped({sequences, kEnds});
  }
  const std::vector<double>& counts() const { return counts_; }
  RDrop rdrop(const PackedBatch& batch, const std::vector<double>& scale,
              const LossOptions& loss) const {
    return {batch, positions_, scale, loss};
  }

 private:
  void read(const HostTensor& given, const char* name, int64_t end, const PackedBatch& batch) {
    if (is_float(given.dtype()) || given.size() != batch.batch_size())
      fail(ErrorCode::kBadData, name, " is ", given.shape_string(), ' ', name_of(given.dtype()),
           ", wanted ", batch.batch_size(), " integers");
    const HostTensor columns = given.to(DType::kI64);
    for (int64_t b = 0; b < batch.batch_size(); ++b) {
      const int64_t column = std::max<int64_t>(0, columns.at<int64_t>(b));
      if (column >= batch.padded_length()) continue;
      const auto row = batch.row_of(b, column);
      if (!row) fail(ErrorCode::kBadData, name, "[", b, "] is ", column, ", which is padding");
      positions_[static_cast<size_t>(b * kEnds + end)] =
          static_cast<int32_t>(*row - batch.offsets()[static_cast<size_t>(b)]);
      ++counts_[static_cast<size_t>(end)];
    }
  }

  std::vector<int32_t> positions_;
  std::vector<double> counts_ = std::vector<double>(kEnds);
};

// [B, S] of [B, S, 2]
HostTensor column(const HostTensor& rows, int64_t which) {
  HostTensor one(rows.dtype(), {rows.dim(0), rows.dim(1)});
  const size_t size = size_of(rows.dtype());
  for (int64_t r = 0; r < one.size(); ++r)
    std::memcpy(
        static_cast<std::byte*>(one.raw()) + static_cast<size_t>(r) * size,
        static_cast<const std::byte*>(rows.raw()) + static_cast<size_t>(r * kEnds + which) * size,
        size);
  return one;
}

}  // namespace

AlbertForQuestionAnswering::AlbertForQuestionAnswering(const AlbertConfig& config)
    : PreTrained(with_two_labels(config), "AlbertForQuestionAnswering"),
      backbone_(store(), "albert.", config_, Backbone::Pooling::kNone),
      weight_(add_weight(store(), "qa_outputs.weight", {kEnds, config_.hidden_size}, false)),
      bias_(add_bias(store(), "qa_outputs.bias", kEnds)) {}

std::vector<double> AlbertForQuestionAnswering::count(BatchInputs inputs,
                                                      const QuestionAnsweringLabels& labels,
                                                      const LossOptions& loss) const {
  check_unweighted(loss);
  return SpanTargets(labels, pack(inputs)).counts();
}

Deferred<QuestionAnsweringModelOutput> AlbertForQuestionAnswering::start(
    BatchInputs inputs, const QuestionAnsweringLabels& labels, const ForwardOptions& options) {
  check_unweighted(options.loss);
  const auto batch = std::make_shared<const PackedBatch>(pack(inputs));
  std::optional<SpanTargets> targets;
  if (!labels.start_positions.empty() && !labels.end_positions.empty())
    targets.emplace(labels, *batch);
  std::vector<double> scale =
      counts_of(options.loss, targets ? targets->counts() : std::vector<double>(kEnds));
  for (double& s : scale) s = 1.0 / (static_cast<double>(kEnds) * s);
  const RDrop rdrop = targets ? targets->rdrop(*batch, scale, options.loss) : RDrop();
  const NeededRows rows = NeededRows::all(*batch);

  std::optional<BackboneOutput> result;
  Tensor logits;
  std::vector<Tensor> losses;
  run(options, *batch, [&](Tape& t) -> std::vector<Upstream> {
    result = backbone_(t, *batch, encoder_call(options, *batch, rows.views()), {});
    const Var scores = ops::linear(t, result->encoder.last_hidden_state, {weight_, bias_});
    if (options.logits) logits = ops::unpack_rows(t, scores.value(), *batch);
    if (!targets) return {};
    const Var total = ops::span_cross_entropy(t, scores, batch->cu_seqlens(), targets->positions(),
                                              HostView::of(scale));
    return summed(rdrop.terms(t, total, scores), losses);
  });

  const auto common = start_output(*batch, *result, losses);
  const auto scores = start_to_host(options.logits ? std::vector{logits} : std::vector<Tensor>{});
  return Deferred<QuestionAnsweringModelOutput>([=] {
    QuestionAnsweringModelOutput out{common.get(), {}, {}};
    for (const auto& s : scores) {
      const HostTensor both = s.get();
      out.start_logits = column(both, 0);
      out.end_logits = column(both, 1);
    }
    return out;
  });
}

}  // namespace albert
