#pragma once
#include <vector>

#include "albert/engine/packed_batch.h"
#include "albert/heads/pretrained_model.h"

namespace albert {

// The second term of R-Drop (Liang et al. 2021, arXiv 2106.14448, section 2), of a batch whose
// second half repeats its first under other dropout:
//   alpha * the mean over pairs of (KL(p || q) + KL(q || p)) / 2
// beside a first term that is the mean over both halves. A pair weighs as in the first term. Views
// point into it.
class RDrop {
 public:
  RDrop() = default;  // of a loss without it
  // Of soft-maxes over `classes`, a row each: labels [R], -100 where there is none. `count` is the
  // divisor of the first term. Error(kBadData) where the halves differ, Error(kUsage) for an alpha
  // below 0.
  RDrop(const PackedBatch& batch, const std::vector<int32_t>& labels, int64_t classes,
        const LossOptions& loss, double count);
  // Of soft-maxes over the tokens of each sequence, `scale` [C] being the first term's and
  // positions [sequences, C] negative where there is no label.
  RDrop(const PackedBatch& batch, const std::vector<int32_t>& positions,
        const std::vector<double>& scale, const LossOptions& loss);

  // The terms of the loss: `loss`, and unless alpha is 0 the one of these logits.
  std::vector<Var> terms(Tape& t, Var loss, Var logits) const;

 private:
  void pair(int32_t one, int32_t other, int64_t cols);

  std::vector<int32_t> cu_seqlens_, partners_;
  std::vector<float> weights_;
  std::vector<double> scale_;  // empty: alpha is 0
};

}  // namespace albert
