#pragma once
// TensorFlow's checkpoints of format V1 for tests, written as its TensorSliceWriter does.
#include "albert/engine/host_tensor.h"
#include "tests/support/tf_bundles.h"

namespace albert::testing {

inline std::string slice_message(const TensorSlice& slice) {
  std::string extents;
  for (const TensorExtent& extent : slice) {
    const std::string length =
        extent.length < 0 ? "" : varint(2 << 3) + varint(static_cast<uint64_t>(extent.length));
    extents += bytes_field(1, number_field(1, static_cast<uint64_t>(extent.start)) + length);
  }
  return extents;
}

// Values as a TensorProto has them: packed in the field of their type, or as tensor_content.
inline std::string values_message(const HostTensor& values, bool as_content = false) {
  const std::string bytes(static_cast<const char*>(values.raw()), values.bytes());
  const std::string type = number_field(1, type_of(values.dtype()));
  if (as_content) return type + bytes_field(4, bytes);
  const std::map<DType, uint64_t> fields{{DType::kF32, 5},  {DType::kF64, 6},  {DType::kI32, 7},
                                         {DType::kU8, 7},   {DType::kI64, 10}, {DType::kF16, 13},
                                         {DType::kBF16, 13}};
  if (values.dtype() == DType::kF32 || values.dtype() == DType::kF64)
    return type + bytes_field(fields.at(values.dtype()), bytes);
  std::string numbers;
  const size_t item = size_of(values.dtype());
  for (size_t at = 0; at < bytes.size(); at += item) {
    uint64_t number = 0;
    for (size_t i = item; i-- > 0;) number = number << 8 | static_cast<uint8_t>(bytes[at + i]);
    numbers += varint(number);
  }
  return type + bytes_field(fields.at(values.dtype()), numbers);
}

// One file of a checkpoint.
struct V1File {
  std::map<std::string, std::string> entries;

  // A whole tensor, or one that another file or put_rows() has other slices of.
  void put(const std::string& name, const HostTensor& values, bool as_content = false) {
    const TensorSlice whole(values.shape().size());
    announce(name, {values.dtype(), values.shape()}, {whole});
    put_slice(name, whole, values, as_content);
  }
  void announce(const std::string& name, const TensorInfo& info,
                const std::vector<TensorSlice>& slices) {
    std::string shape, parts;
    for (const int64_t dim : info.shape)
      shape += bytes_field(2, number_field(1, static_cast<uint64_t>(dim)));
    for (const TensorSlice& slice : slices) parts += bytes_field(4, slice_message(slice));
    tensors_ += bytes_field(1, bytes_field(1, name) + bytes_field(2, shape) +
                                   number_field(3, type_of(info.dtype)) + parts);
    entries[""] = bytes_field(1, tensors_ + bytes_field(2, number_field(1, 1)));
  }
  void put_slice(const std::string& name, const TensorSlice& slice, const HostTensor& values,
                 bool as_content = false) {
    entries[slice_key(name, slice)] =
        bytes_field(2, bytes_field(1, name) + bytes_field(2, slice_message(slice)) +
                           bytes_field(3, values_message(values, as_content)));
  }
  std::string bytes(TableForm form = {}) const { return table_of(entries, form); }

 private:
  std::string tensors_;
};

}  // namespace albert::testing
