#pragma once
#include <vector>

#include "albert/engine/packed_batch.h"
#include "albert/heads/pretrained_model.h"

namespace albert {

// Class labels of any shape of `count` integers, each in [0, classes) or -100. Error(kBadData)
// naming the place.
std::vector<int32_t> class_labels(const HostTensor& labels, const char* name, int64_t count,
                                  int64_t classes);

// Labels of tokens, from the padded [B, S]; -100: none. Labels at padding are left out, for padding
// has no rows.
struct TokenLabels {
  std::vector<int32_t> labels;  // [T]
  // Packed rows that have a label, ascending; in a bucketed batch the last row is repeated up to
  // bucket_size(). Where no row has one, the first stands for them, so that there is a row to
  // compute.
  std::vector<int32_t> rows;
  std::vector<int32_t> of_rows;  // their labels, -100 at rows that were added
};
TokenLabels token_labels(const HostTensor& labels, const PackedBatch& batch, int64_t classes);

// The divisor of torch's mean: the sum of the labelled rows' class weights, or their number.
// Error(kBadData) for weights that are not one per class.
double label_weight(const std::vector<int32_t>& labels, const std::vector<float>& class_weights,
                    int64_t classes);

// A cross-entropy whose mean divides by `count`. The weights are a view into `options`.
// Error(kBadData) for a smoothing outside [0, 1].
ops::CrossEntropy mean_cross_entropy(const LossOptions& options, double count);

}  // namespace albert
