#pragma once
// The values of PyTorch's pickles as plain data. Not installed.
#include <deque>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "albert/base/byte_reader.h"
#include "albert/kernels/dtype.h"

namespace albert {

enum class PickleKind : uint8_t {
  kNone,
  kBool,
  kInt,
  kText,
  kOther,    // floats, bytes, long integers, devices: not looked into
  kTuple,    // items
  kList,     // items
  kDict,     // keys and values in turn
  kGlobal,   // an allowed global: the number of a row of its table
  kStorage,  // torch_storage()
  kTensor,   // torch_tensor()
};
const char* name_of(PickleKind kind);  // "a list", for messages

// `number`: of a bool or integer itself, of others an index into PickleValues.
struct PickleValue {
  PickleKind kind = PickleKind::kNone;
  int64_t number = 0;
};

struct TorchStorage {
  std::string_view key;
  DType dtype = DType::kF32;
  uint64_t elements = 0;
};

// A view of a storage. Offset and strides are in elements; every element lies in the storage, and
// there are no more than the storage has.
struct TorchTensor {
  size_t storage = 0;
  uint64_t offset = 0;
  std::vector<int64_t> shape, strides;
};

// Owns what the values of a pickle refer to. Texts point into the pickle's bytes. What it takes is
// bounded, however often a small pickle repeats or nests its values: everything is charged, and
// Error(kBadData) is thrown beyond `most` bytes.
class PickleValues {
 public:
  explicit PickleValues(uint64_t most) : left_(most) {}

  PickleValue text(const ByteReader& place, std::string_view text);
  std::string_view text_of(PickleValue value) const { return texts_.at(index(value)); }

  PickleValue list(const ByteReader& place, PickleKind kind, std::vector<PickleValue> items);
  void append(const ByteReader& place, PickleValue list, std::span<const PickleValue> items);
  const std::vector<PickleValue>& items_of(PickleValue list) const {
    return lists_.at(index(list));
  }

  // The storage of this key; Error(kBadData) when it was another one before.
  PickleValue storage(const ByteReader& place, const TorchStorage& storage);
  const std::vector<TorchStorage>& torch_storages() const { return storages_; }

  PickleValue tensor(const ByteReader& place, TorchTensor tensor);
  const TorchTensor& torch_tensor(PickleValue value) const { return tensors_.at(index(value)); }

  void charge(const ByteReader& place, uint64_t bytes);

 private:
  static size_t index(PickleValue value) { return static_cast<size_t>(value.number); }

  uint64_t left_;
  std::deque<std::string_view> texts_;
  std::deque<std::vector<PickleValue>> lists_;
  std::vector<TorchStorage> storages_;
  std::map<std::string_view, size_t> storage_at_;  // by key
  std::deque<TorchTensor> tensors_;
};

}  // namespace albert
