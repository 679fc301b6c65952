#include "albert/heads/sequence_classification.h"

#include "albert/heads/loss_targets.h"
#include "albert/heads/needed_rows.h"
#include "albert/heads/rdrop.h"

namespace albert {
namespace {

enum class Problem : uint8_t { kRegression, kSingleLabel, kMultiLabel };

Problem problem_of(const AlbertConfig& config, const HostTensor& labels) {
  if (config.problem_type == "regression") return Problem::kRegression;
  if (config.problem_type == "single_label_classification") return Problem::kSingleLabel;
  if (config.problem_type == "multi_label_classification") return Problem::kMultiLabel;
  if (config.num_labels() == 1) return Problem::kRegression;
  return is_float(labels.dtype()) ? Problem::kMultiLabel : Problem::kSingleLabel;
}

// Labels and the loss they ask for. Views point into it and into the LossOptions.
class Objective {
 public:
  Objective(const AlbertConfig& config, const HostTensor& labels, const LossOptions& options)
      : problem_(problem_of(config, labels)), classes_(config.num_labels()) {
    if (problem_ == Problem::kSingleLabel) {
      classes_of_rows_ = class_labels(labels, "labels", labels.size(), classes_);
      count_ = label_weight(classes_of_rows_, options.class_weights, classes_);
    } else {
      read_targets(labels, options);
    }
  }

  int64_t sequences() const {
    return problem_ == Problem::kSingleLabel ? static_cast<int64_t>(classes_of_rows_.size())
                                             : targets_.size() / classes_;
  }
  double count() const { return count_; }
  RDrop rdrop(const PackedBatch& batch, const LossOptions& options, double count) const {
    if (problem_ == Problem::kSingleLabel)
      return {batch, classes_of_rows_, classes_, options, count};
    if (options.rdrop_alpha != 0)
      fail(ErrorCode::kUsage, "rdrop_alpha is for single_label_classification");
    return {};
  }

  Var loss(Tape& t, Var logits, const LossOptions& options, double count) const {
    if (problem_ == Problem::kSingleLabel)
      return ops::cross_entropy(t, logits, HostView::of(classes_of_rows_),
                                mean_cross_entropy(options, count));
    const double scale = 1.0 / (count * static_cast<double>(classes_));
    const HostView targets = targets_.view({sequences(), classes_});
    return problem_ == Problem::kRegression
               ? ops::mean_squared_error(t, logits, targets, scale)
               : ops::binary_cross_entropy(t, logits, targets, HostView::of(options.class_weights),
                                           scale);
  }

 private:
  void read_targets(const HostTensor& labels, const LossOptions& options) {
    if (labels.size() % classes_ != 0)
      fail(ErrorCode::kBadData, "labels is ", labels.shape_string(), ", wanted [batch, ", classes_,
           "]");
    if (options.label_smoothing != 0)
      fail(ErrorCode::kUsage, "label_smoothing is for single_label_classification");
    targets_ = labels.to(DType::kF32);
    count_ = static_cast<double>(sequences());
    const auto& weights = options.class_weights;
    if (weights.empty()) return;
    if (problem_ == Problem::kRegression)
      fail(ErrorCode::kUsage, "class weights are for classification, not for regression");
    if (static_cast<int64_t>(weights.size()) != classes_)
      fail(ErrorCode::kBadData, weights.size(), " class weights for ", classes_, " classes");
  }

  Problem problem_;
  int64_t classes_;
  double count_ = 0;
  std::vector<int32_t> classes_of_rows_;
  HostTensor targets_;
};

}  // namespace

AlbertForSequenceClassification::AlbertForSequenceClassification(const AlbertConfig& config)
    : PreTrained(config, "AlbertForSequenceClassification"),
      backbone_(store(), "albert.", config_, Backbone::Pooling::kFirstToken),
      weight_(add_weight(store(), "classifier.weight", {config_.num_labels(), config_.hidden_size},
                         false)),
      bias_(add_bias(store(), "classifier.bias", config_.num_labels())) {}

std::vector<double> AlbertForSequenceClassification::count(BatchInputs, const HostTensor& labels,
                                                           const LossOptions& loss) const {
  return {Objective(config_, labels, loss).count()};
}

Deferred<SequenceClassifierOutput> AlbertForSequenceClassification::start(
    BatchInputs inputs, const HostTensor& labels, const ForwardOptions& options) {
  const PackedBatch batch = pack(inputs);
  std::optional<Objective> objective;
  if (!labels.empty()) objective.emplace(config_, labels, options.loss);
  if (objective && objective->sequences() != batch.batch_size())
    fail(ErrorCode::kBadData, "labels is ", labels.shape_string(), ", there are ",
         batch.batch_size(), " sequences");
  const auto counts = counts_of(options.loss, {objective ? objective->count() : 0});
  const RDrop rdrop = objective ? objective->rdrop(batch, options.loss, counts[0]) : RDrop();
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
    const Var scores = ops::linear(t, pooled, {weight_, bias_});
    logits = scores.value();
    if (!objective) return {};
    const Var total = objective->loss(t, scores, options.loss, counts[0]);
    return summed(rdrop.terms(t, total, scores), losses);
  });

  const auto common = start_output(batch, *result, losses);
  const auto scores = start_to_host(logits);
  return Deferred<SequenceClassifierOutput>([=] {
    return SequenceClassifierOutput{common.get(), scores.get()};
  });
}

}  // namespace albert
