#include "albert/heads/loss_targets.h"

namespace albert {
namespace {

int32_t checked_label(int64_t label, int64_t classes, const char* name, int64_t place) {
  if (label != kernels::kIgnoredLabel && (label < 0 || label >= classes))
    fail(ErrorCode::kBadData, name, "[", place, "] is ", label, ", there are ", classes,
         " classes (0..", classes - 1, ", or -100 for none)");
  return static_cast<int32_t>(label);
}

HostTensor integers(const HostTensor& labels, const char* name) {
  if (is_float(labels.dtype()))
    fail(ErrorCode::kBadData, name, " is ", name_of(labels.dtype()), ", wanted integers");
  return labels.to(DType::kI64);
}

}  // namespace

std::vector<int32_t> class_labels(const HostTensor& labels, const char* name, int64_t count,
                                  int64_t classes) {
  if (labels.size() != count)
    fail(ErrorCode::kBadData, name, " is ", labels.shape_string(), ", wanted ", count, " labels");
  const HostTensor values = integers(labels, name);
  std::vector<int32_t> checked;
  for (int64_t i = 0; i < count; ++i)
    checked.push_back(checked_label(values.at<int64_t>(i), classes, name, i));
  return checked;
}

TokenLabels token_labels(const HostTensor& labels, const PackedBatch& batch, int64_t classes) {
  const HostTensor packed = batch.pack(integers(labels, "labels"), "labels");
  if (packed.shape().size() != 1)
    fail(ErrorCode::kBadData, "labels is ", labels.shape_string(), ", wanted [batch, length]");
  TokenLabels result;
  for (int64_t row = 0; row < batch.real_tokens(); ++row) {
    const int64_t place = batch.sequence_of(row) * batch.padded_length() + batch.column_of(row);
    const int32_t label = checked_label(packed.at<int64_t>(row), classes, "labels", place);
    result.labels.push_back(label);
    if (label == kernels::kIgnoredLabel) continue;
    result.rows.push_back(static_cast<int32_t>(row));
    result.of_rows.push_back(label);
  }
  result.labels.resize(static_cast<size_t>(batch.tokens()), kernels::kIgnoredLabel);
  if (result.rows.empty()) {
    result.rows = {0};
    result.of_rows = {kernels::kIgnoredLabel};
  }
  if (batch.bucketed()) {
    const auto size = static_cast<size_t>(bucket_size(static_cast<int64_t>(result.rows.size())));
    result.rows.resize(size, static_cast<int32_t>(batch.tokens() - 1));
    result.of_rows.resize(size, kernels::kIgnoredLabel);
  }
  return result;
}

double label_weight(const std::vector<int32_t>& labels, const std::vector<float>& class_weights,
                    int64_t classes) {
  if (!class_weights.empty() && static_cast<int64_t>(class_weights.size()) != classes)
    fail(ErrorCode::kBadData, class_weights.size(), " class weights for ", classes, " classes");
  double total = 0;
  for (const int32_t label : labels)
    if (label != kernels::kIgnoredLabel)
      total += class_weights.empty()
                   ? 1.0
                   : static_cast<double>(class_weights[static_cast<size_t>(label)]);
  return total;
}

ops::CrossEntropy mean_cross_entropy(const LossOptions& options, double count) {
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1))
    fail(ErrorCode::kBadData, "label_smoothing is ", options.label_smoothing, ", wanted 0 to 1");
  return {HostView::of(options.class_weights), options.label_smoothing, 1 / count};
}

}  // namespace albert
