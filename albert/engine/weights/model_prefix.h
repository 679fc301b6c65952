#pragma once
// Models within other models or dictionaries. Not installed.
#include "albert/engine/weights/weight_source.h"

namespace albert {

// The source itself where an ALBERT's tensors have their own names (with "albert." or without) or
// there is none. Where they lie under a prefix ("module.", "state_dict.", "net.module.encoder."),
// those below it under their own names; notes() says so. Error(kBadData) naming the prefixes where
// several models are there.
std::unique_ptr<const WeightSource> without_model_prefix(
    std::unique_ptr<const WeightSource> weights);

}  // namespace albert
