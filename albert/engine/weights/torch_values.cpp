#include "albert/engine/weights/torch_values.h"

#include "albert/base/printable.h"

namespace albert {
namespace {

// What an object takes beside its contents, its share of growing containers included.
constexpr uint64_t kPerText = 32, kPerList = 96, kPerStorage = 192, kPerTensor = 256;

template <class T>
PickleValue last_of(PickleKind kind, const T& container) {
  return {kind, static_cast<int64_t>(container.size()) - 1};
}

}  // namespace

const char* name_of(PickleKind kind) {
  switch (kind) {
    case PickleKind::kNone: return "None";
    case PickleKind::kBool: return "a truth value";
    case PickleKind::kInt: return "an integer";
    case PickleKind::kText: return "a text";
    case PickleKind::kOther: return "a number or bytes";
    case PickleKind::kTuple: return "a tuple";
    case PickleKind::kList: return "a list";
    case PickleKind::kDict: return "a dictionary";
    case PickleKind::kGlobal: return "a class or function";
    case PickleKind::kStorage: return "a storage";
    case PickleKind::kTensor: return "a tensor";
  }
  return "?";
}

void PickleValues::charge(const ByteReader& place, uint64_t bytes) {
  if (bytes > left_)
    place.fail_here("found more values than a file of this size may have, wanted tensors alone");
  left_ -= bytes;
}

PickleValue PickleValues::text(const ByteReader& place, std::string_view text) {
  charge(place, kPerText);
  texts_.push_back(text);
  return last_of(PickleKind::kText, texts_);
}

PickleValue PickleValues::list(const ByteReader& place, PickleKind kind,
                               std::vector<PickleValue> items) {
  charge(place, kPerList + items.size() * sizeof(PickleValue));
  lists_.push_back(std::move(items));
  return last_of(kind, lists_);
}

void PickleValues::append(const ByteReader& place, PickleValue list,
                          std::span<const PickleValue> items) {
  charge(place, 3 * items.size_bytes());  // old and new array are there while it grows
  auto& to = lists_.at(index(list));
  to.insert(to.end(), items.begin(), items.end());
}

PickleValue PickleValues::storage(const ByteReader& place, const TorchStorage& storage) {
  const auto [at, is_new] = storage_at_.emplace(storage.key, storages_.size());
  if (is_new) {
    charge(place, kPerStorage);
    storages_.push_back(storage);
  }
  const TorchStorage& known = storages_[at->second];
  if (known.dtype != storage.dtype || known.elements != storage.elements)
    place.fail_here("storage ", in_quotes(storage.key), ": found ", storage.elements,
                    " elements of ", storage.dtype, ", wanted ", known.elements, " of ",
                    known.dtype, " as before");
  return {PickleKind::kStorage, static_cast<int64_t>(at->second)};
}

PickleValue PickleValues::tensor(const ByteReader& place, TorchTensor tensor) {
  charge(place, kPerTensor + 2 * tensor.shape.size() * sizeof(int64_t));
  tensors_.push_back(std::move(tensor));
  return last_of(PickleKind::kTensor, tensors_);
}

}  // namespace albert
