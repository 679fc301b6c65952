#pragma once
// Slices of TensorFlow's partitioned variables. Not installed.
#include "albert/engine/weights/tf_messages.h"

namespace albert {

// The slice within a tensor of that shape, with the length of every extent. Error(kBadData).
TensorSlice with_lengths(const std::string& place, const TensorSlice& slice,
                         const std::vector<int64_t>& shape);
std::vector<int64_t> shape_of(const TensorSlice& slice);  // of one with lengths

// Slices with lengths must cover the tensor without gap or overlap, so that all of it is read.
// Error(kBadData).
void check_cover(const std::string& place, const std::vector<TensorSlice>& slices,
                 const TensorInfo& tensor);

// Copies a slice's values to where they belong in the whole tensor.
void place_slice(const TensorSlice& slice, const TensorInfo& whole, std::span<const std::byte> from,
                 std::span<std::byte> to);

}  // namespace albert
