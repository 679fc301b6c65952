#include "albert/engine/weights/tf_slices.h"

#include <cstring>

namespace albert {
namespace {

// Whether two slices have an element in common.
bool overlap(const TensorSlice& a, const TensorSlice& b) {
  for (size_t d = 0; d < a.size(); ++d)
    if (a[d].start + a[d].length <= b[d].start || b[d].start + b[d].length <= a[d].start)
      return false;
  return true;
}

}  // namespace

TensorSlice with_lengths(const std::string& place, const TensorSlice& slice,
                         const std::vector<int64_t>& shape) {
  TensorSlice result = slice;
  for (size_t d = 0; d < shape.size(); ++d) {
    TensorExtent& extent = result[d];
    if (extent.length < 0) extent.length = shape[d];
    if (extent.length > shape[d] || extent.start > shape[d] - extent.length)
      fail(ErrorCode::kBadData, place, ": found a slice of ", extent.length, " elements from ",
           extent.start, " on, wanted it within ", shape[d]);
  }
  return result;
}

std::vector<int64_t> shape_of(const TensorSlice& slice) {
  std::vector<int64_t> lengths;
  for (const TensorExtent& extent : slice) lengths.push_back(extent.length);
  return lengths;
}

void check_cover(const std::string& place, const std::vector<TensorSlice>& slices,
                 const TensorInfo& tensor) {
  size_t bytes = 0;
  for (const TensorSlice& slice : slices)
    bytes += array_bytes(shape_of(slice), tensor.dtype).value();
  for (size_t i = 0; i < slices.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (overlap(slices[i], slices[j]))
        fail(ErrorCode::kBadData, place, ": found slices ", j, " and ", i, " that overlap");
  const size_t wanted = array_bytes(tensor.shape, tensor.dtype).value();
  if (bytes != wanted)
    fail(ErrorCode::kBadData, place, ": found slices of ", bytes, " bytes, wanted ", wanted);
}

void place_slice(const TensorSlice& slice, const TensorInfo& whole, std::span<const std::byte> from,
                 std::span<std::byte> to) {
  if (from.empty()) return;
  if (slice.empty()) {  // a scalar
    std::memcpy(to.data(), from.data(), from.size());
    return;
  }
  const size_t last = slice.size() - 1, item = size_of(whole.dtype);
  const size_t row = static_cast<size_t>(slice[last].length) * item;
  std::vector<int64_t> at(slice.size(), 0);  // within the slice; its last dimension stays 0
  for (size_t done = 0; done < from.size(); done += row) {
    size_t offset = 0;
    for (size_t d = 0; d < slice.size(); ++d)
      offset = offset * static_cast<size_t>(whole.shape[d]) +
               static_cast<size_t>(slice[d].start + at[d]);
    std::memcpy(to.data() + offset * item, from.data() + done, row);
    for (size_t d = last; d-- > 0;) {
      if (++at[d] < slice[d].length) break;
      at[d] = 0;
    }
  }
}

}  // namespace albert
