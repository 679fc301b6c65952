#pragma once
#include <vector>

#include "albert/engine/packed_batch.h"
#include "albert/heads/pretrained_model.h"
#include "albert/kernels/cross_entropy.h"

namespace albert {

// Class labels [B] or any shape of `count` integers, each in [0, classes) or -100. Error(kBadData)
// naming the place.
std::vector<int32_t> class_labels(const HostTensor& labels, const char* name, int64_t count,
                                  int64_t classes);

// Labels of tokens, [B, S], -100: none. Labels at padding are left out, as transformers' masked
// ones have no row here.
struct TokenLabels {
  std::vector<int32_t> labels;  // [T]
  std::vector<int32_t> rows;  // packed rows that have one, ascending; in a rounded batch, the last
                              // row some times more
  std::vector<int32_t> of_rows;  // their labels
};
TokenLabels token_labels(const HostTensor& labels, const PackedBatch& batch, int64_t classes);

// A cross-entropy whose scale is 1 / (options.count, or the labelled rows' class weights): the mean
// torch takes. Weights are views into `options`. Error(kBadData) for weights that are not one per
// class or a smoothing outside [0, 1].
kernels::CrossEntropy mean_cross_entropy(const std::vector<int32_t>& labels,
                                         const LossOptions& options, int64_t classes);

}  // namespace albert
