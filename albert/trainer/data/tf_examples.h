#pragma once
#include <string>
#include <string_view>

#include "albert/trainer/data/example_source.h"
#include "albert/trainer/data/masking.h"

namespace albert {

// The sizes that the lists of a record are filled up to with zeros.
struct TfExampleSizes {
  int64_t max_seq_length = 512, max_predictions_per_seq = 20;
};

// A tf.train.Example with the features of Google's create_pretraining_data.py (docs/albert.md,
// section 4, step 8), in the order of their names. Error(kUsage) where the example is longer.
std::string tf_example_of(const PretrainingExample& example, const TfExampleSizes& sizes,
                          const MaskingVocabulary& vocabulary);

// The example in a record, and the sizes of its lists. `place` stands for the record in messages.
// Error(kBadData) for what is none: a feature that is missing or of another type, lists of other
// lengths, ids outside of the vocabulary, a mask with holes.
PretrainingExample example_in(const std::string& place, std::string_view record, int64_t vocab_size,
                              TfExampleSizes* sizes = nullptr);

}  // namespace albert
