#include "albert/heads/sequence_classification.h"

#include <functional>

#include "albert/heads/loss_targets.h"
#include "albert/heads/needed_rows.h"

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

// Labels and the loss they ask for, ready to be put on a tape. Views point into it and into the
// LossOptions.
class Objective {
 public:
  Objective(const AlbertConfig& config, const HostTensor& labels, const LossOptions& options,
            int64_t batch)
      : problem_(problem_of(config, labels)), classes_(config.num_labels()), batch_(batch) {
    examples_ = options.count > 0 ? options.count : static_cast<double>(batch);
    if (problem_ == Problem::kSingleLabel) {
      classes_of_rows_ = class_labels(labels, "labels", batch, classes_);
      cross_entropy_ = mean_cross_entropy(classes_of_rows_, options, classes_);
    } else {
      read_targets(labels, options);
    }
  }

  Var loss(Tape& t, Var logits) const {
    const double scale = 1.0 / (examples_ * static_cast<double>(classes_));
    const Tensor targets{const_cast<void*>(targets_.raw()), {batch_, classes_}, DType::kF32};
    switch (problem_) {
      case Problem::kSingleLabel:
        return ops::cross_entropy(t, logits, i32_view(classes_of_rows_), cross_entropy_);
      case Problem::kMultiLabel:
        return ops::binary_cross_entropy(t, logits, targets, class_weights_, scale);
      case Problem::kRegression: return ops::mean_squared_error(t, logits, targets, scale);
    }
    fail(ErrorCode::kInternal, "problem ", static_cast<int>(problem_));
  }

 private:
  void read_targets(const HostTensor& labels, const LossOptions& options) {
    if (labels.size() != batch_ * classes_)
      fail(ErrorCode::kBadData, "labels is ", labels.shape_string(), ", wanted [", batch_, ", ",
           classes_, "]");
    if (options.label_smoothing != 0)
      fail(ErrorCode::kUsage, "label_smoothing is for single_label_classification");
    targets_ = labels.to(DType::kF32);
    const auto& weights = options.class_weights;
    if (weights.empty()) return;
    if (problem_ == Problem::kRegression)
      fail(ErrorCode::kUsage, "class weights are for classification, not for regression");
    if (static_cast<int64_t>(weights.size()) != classes_)
      fail(ErrorCode::kBadData, weights.size(), " class weights for ", classes_, " classes");
    class_weights_ = {const_cast<float*>(weights.data()), {classes_}, DType::kF32};
  }

  Problem problem_;
  int64_t classes_, batch_;
  double examples_ = 0;
  std::vector<int32_t> classes_of_rows_;
  kernels::CrossEntropy cross_entropy_;
  HostTensor targets_;
  Tensor class_weights_;
};

}  // namespace

AlbertForSequenceClassification::AlbertForSequenceClassification(const AlbertConfig& config)
    : PreTrained(config, "AlbertForSequenceClassification"),
      backbone_(store(), "albert.", config_, Backbone::Pooling::kFirstToken),
      weight_(add_weight(store(), "classifier.weight", {config_.num_labels(), config_.hidden_size},
                         false)),
      bias_(add_bias(store(), "classifier.bias", config_.num_labels())) {}

Deferred<SequenceClassifierOutput> AlbertForSequenceClassification::start(
    BatchInputs inputs, const HostTensor& labels, const LossOptions& loss,
    const ForwardOptions& options) {
  const PackedBatch batch = pack(inputs);
  std::optional<Objective> objective;
  if (!labels.empty()) objective.emplace(config_, labels, loss, batch.batch_size());
  const NeededRows rows = pooled_rows(options, batch);
  const auto first_at = rows.locate(batch.first_rows());

  std::optional<BackboneOutput> result;
  Tensor logits;
  std::vector<Tensor> losses;
  run(options, batch, [&](Tape& t) -> std::vector<Upstream> {
    result = backbone_(t, batch, encoder_call(options, batch, rows.views()), i32_view(first_at));
    const Var pooled =
        ops::dropout(t, *result->pooled, classifier_dropout(options, batch.sequence_ids()));
    const Var scores = ops::linear(t, pooled, {weight_, bias_});
    logits = scores.value();
    if (!objective) return {};
    const Var total = objective->loss(t, scores);
    losses = {total.value()};
    return {{total, {}}};
  });

  const auto common = start_output(batch, *result, losses);
  const auto scores = start_to_host(logits);
  return Deferred<SequenceClassifierOutput>([=] {
    return SequenceClassifierOutput{common.get(), scores.get()};
  });
}

}  // namespace albert
