#include "albert/trainer/padded.h"

#include <algorithm>

namespace albert {

ModelInputs padded_inputs(const std::vector<std::vector<int32_t>>& input_ids,
                          const std::vector<std::vector<int32_t>>& token_type_ids) {
  size_t length = 0;
  for (const auto& row : input_ids) length = std::max(length, row.size());
  const size_t rows = input_ids.size();
  std::vector<int32_t> ids(rows * length), mask(rows * length), types(rows * length);
  for (size_t b = 0; b < rows; ++b) {
    std::copy(input_ids[b].begin(), input_ids[b].end(),
              ids.begin() + static_cast<int64_t>(b * length));
    std::copy(token_type_ids[b].begin(), token_type_ids[b].end(),
              types.begin() + static_cast<int64_t>(b * length));
    std::fill_n(mask.begin() + static_cast<int64_t>(b * length), input_ids[b].size(), 1);
  }
  const std::vector<int64_t> shape{static_cast<int64_t>(rows), static_cast<int64_t>(length)};
  return {HostTensor::of<int32_t>(shape, ids),
          HostTensor::of<int32_t>(shape, mask),
          HostTensor::of<int32_t>(shape, types),
          {},
          {}};
}

}  // namespace albert
