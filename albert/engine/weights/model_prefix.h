#pragma once
// Models within other models or dictionaries. Not installed.
#include "albert/engine/weights/weight_source.h"

namespace albert {

// The tensors of an ALBERT under their own names (with "albert." or without). Where they lie under
// a prefix ("module.", "state_dict.", "net.module.encoder."), those below it, and notes() says so;
// else the source itself. With `prefix` ("module." or "module") the tensors below that one.
// Error(kBadData) naming the prefixes where several models lie under one each, kUsage where none
// lies under `prefix`.
std::unique_ptr<const WeightSource> without_model_prefix(
    std::unique_ptr<const WeightSource> weights, const std::string& prefix);

}  // namespace albert
