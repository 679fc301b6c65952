#include "albert/heads/rdrop.h"

#include <algorithm>
#include <cmath>

#include "albert/base/error.h"

namespace albert {
namespace {

[[noreturn]] void fail_halves() {
  fail(ErrorCode::kBadData,
       "rdrop_alpha: found a batch whose second half differs from its first, wanted every sequence "
       "once in each");
}

// True where there is a second term. Refuses a batch whose halves differ.
bool has_pairs(const PackedBatch& batch, const LossOptions& loss) {
  if (!(loss.rdrop_alpha >= 0 && std::isfinite(loss.rdrop_alpha)))
    fail(ErrorCode::kUsage, "rdrop_alpha is ", loss.rdrop_alpha, ", wanted 0 or more");
  if (loss.rdrop_alpha == 0) return false;
  const auto half = static_cast<size_t>(batch.batch_size() / 2);
  const auto& offsets = batch.offsets();
  const int32_t tokens = offsets[half];
  if (batch.batch_size() % 2 != 0 || batch.real_tokens() != 2 * int64_t{tokens}) fail_halves();
  for (size_t b = 0; b <= half; ++b)
    if (offsets[half + b] - tokens != offsets[b]) fail_halves();
  for (const HostView& ids : {batch.input_ids(), batch.token_type_ids(), batch.position_ids()}) {
    if (!ids) continue;
    const auto* first = ids.as<int32_t>();
    if (!std::equal(first, first + tokens, first + tokens)) fail_halves();
  }
  return true;
}

}  // namespace

void RDrop::pair(int32_t one, int32_t other, int64_t cols) {
  partners_[static_cast<size_t>(one)] = other;
  partners_[static_cast<size_t>(other)] = one;
  const auto first = weights_.begin() + one * cols, second = weights_.begin() + other * cols;
  if (!std::equal(first, first + cols, second)) fail_halves();
}

RDrop::RDrop(const PackedBatch& batch, const std::vector<int32_t>& labels, int64_t classes,
             const LossOptions& loss, double count) {
  if (!has_pairs(batch, loss)) return;
  scale_ = {loss.rdrop_alpha / count};
  partners_.assign(labels.size(), -1);
  weights_.assign(labels.size(), 0);
  std::vector<int32_t> labelled;
  for (size_t row = 0; row < labels.size(); ++row) {
    cu_seqlens_.push_back(static_cast<int32_t>(static_cast<int64_t>(row) * classes));
    if (labels[row] == kernels::kIgnoredLabel) continue;
    labelled.push_back(static_cast<int32_t>(row));
    weights_[row] =
        loss.class_weights.empty() ? 1 : loss.class_weights[static_cast<size_t>(labels[row])];
  }
  cu_seqlens_.push_back(static_cast<int32_t>(static_cast<int64_t>(labels.size()) * classes));
  const size_t half = labelled.size() / 2;
  if (labelled.size() % 2 != 0) fail_halves();
  for (size_t i = 0; i < half; ++i) {
    const int32_t one = labelled[i], other = labelled[half + i];
    if (labels[static_cast<size_t>(one)] != labels[static_cast<size_t>(other)]) fail_halves();
    pair(one, other, 1);
  }
}

RDrop::RDrop(const PackedBatch& batch, const std::vector<int32_t>& positions,
             const std::vector<double>& scale, const LossOptions& loss) {
  if (!has_pairs(batch, loss)) return;
  for (const double s : scale) scale_.push_back(loss.rdrop_alpha * s);
  cu_seqlens_ = batch.offsets();
  partners_.assign(static_cast<size_t>(batch.sequences()), -1);
  for (const int32_t position : positions) weights_.push_back(position >= 0 ? 1 : 0);
  const auto half = static_cast<int32_t>(batch.batch_size() / 2);
  for (int32_t b = 0; b < half; ++b) pair(b, half + b, static_cast<int64_t>(scale.size()));
}

std::vector<Var> RDrop::terms(Tape& t, Var loss, Var logits) const {
  if (scale_.empty()) return {loss};
  const auto sequences = static_cast<int64_t>(partners_.size()),
             cols = static_cast<int64_t>(scale_.size());
  return {loss, ops::pair_divergence(
                    t, logits,
                    {HostView::of(cu_seqlens_), HostView::of(partners_),
                     HostView::of(weights_).reshaped({sequences, cols}), HostView::of(scale_)})};
}

}  // namespace albert
