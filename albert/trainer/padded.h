#pragma once
#include <vector>

#include "albert/engine/packed_batch.h"

namespace albert {

// Rows of different lengths as [B, S] inputs with their mask; the model packs them again.
ModelInputs padded_inputs(const std::vector<std::vector<int32_t>>& input_ids,
                          const std::vector<std::vector<int32_t>>& token_type_ids);

}  // namespace albert
