#include "albert/engine/weights/torch_globals.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "albert/base/printable.h"
#include "albert/engine/host_tensor.h"

namespace albert {
namespace {

using Kind = PickleKind;
using Items = std::vector<PickleValue>;

constexpr size_t kMaxRank = 64;

// What a global is good for.
enum class Use : uint8_t {
  kStorage,      // the type of a storage
  kOrderedDict,  // called: a dictionary
  kTensor,       // called: (storage, offset, shape, strides, ..)
  kParameter,    // called: (tensor, ..)
  kSize,         // called: its tuple
  kOther,        // called or as it is: not looked into
};

struct Global {
  std::string_view module, name;
  Use use;
  DType dtype = DType::kF32;  // of a storage
};
constexpr std::array kGlobals{
    Global{"torch", "FloatStorage", Use::kStorage, DType::kF32},
    Global{"torch", "DoubleStorage", Use::kStorage, DType::kF64},
    Global{"torch", "HalfStorage", Use::kStorage, DType::kF16},
    Global{"torch", "BFloat16Storage", Use::kStorage, DType::kBF16},
    Global{"torch", "LongStorage", Use::kStorage, DType::kI64},
    Global{"torch", "IntStorage", Use::kStorage, DType::kI32},
    Global{"torch", "ByteStorage", Use::kStorage, DType::kU8},
    Global{"torch", "BoolStorage", Use::kStorage, DType::kU8},
    Global{"collections", "OrderedDict", Use::kOrderedDict},
    Global{"torch._utils", "_rebuild_tensor", Use::kTensor},
    Global{"torch._utils", "_rebuild_tensor_v2", Use::kTensor},
    Global{"torch._utils", "_rebuild_parameter", Use::kParameter},
    Global{"torch._utils", "_rebuild_parameter_with_state", Use::kParameter},
    Global{"torch", "Size", Use::kSize},
    Global{"torch", "device", Use::kOther},
    Global{"_codecs", "encode", Use::kOther},
    Global{"torch", "float32", Use::kOther},
    Global{"torch", "float64", Use::kOther},
    Global{"torch", "float16", Use::kOther},
    Global{"torch", "bfloat16", Use::kOther},
    Global{"torch", "int64", Use::kOther},
    Global{"torch", "int32", Use::kOther},
    Global{"torch", "uint8", Use::kOther},
    Global{"torch", "bool", Use::kOther}};

const Global& global_of(PickleValue value) {
  return kGlobals.at(static_cast<size_t>(value.number));
}

void check_kind(const ByteReader& place, PickleValue value, Kind wanted, const char* what) {
  if (value.kind != wanted)
    place.fail_here(what, ": found ", name_of(value.kind), ", wanted ", name_of(wanted));
}

uint64_t count_of(const ByteReader& place, PickleValue value, const char* what) {
  check_kind(place, value, Kind::kInt, what);
  if (value.number < 0) place.fail_here(what, ": found ", value.number, ", wanted 0 or more");
  return static_cast<uint64_t>(value.number);
}

std::vector<int64_t> counts_of(const ByteReader& place, const PickleValues& values,
                               PickleValue tuple, const char* what) {
  check_kind(place, tuple, Kind::kTuple, what);
  const Items& items = values.items_of(tuple);
  if (items.size() > kMaxRank)
    place.fail_here(what, ": found ", items.size(), " dimensions, wanted at most ", kMaxRank);
  std::vector<int64_t> counts;
  for (const PickleValue item : items)
    counts.push_back(static_cast<int64_t>(count_of(place, item, what)));
  return counts;
}

// One more than the last element's place in the storage; nothing where that overflows.
std::optional<uint64_t> end_of(const TorchTensor& tensor) {
  uint64_t last = tensor.offset;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    uint64_t reach = 0;
    if (__builtin_mul_overflow(static_cast<uint64_t>(tensor.shape[i] - 1),
                               static_cast<uint64_t>(tensor.strides[i]), &reach) ||
        __builtin_add_overflow(last, reach, &last))
      return std::nullopt;
  }
  return last == UINT64_MAX ? std::nullopt : std::optional(last + 1);
}

void check_extent(const ByteReader& place, const TorchTensor& tensor, const TorchStorage& storage) {
  const auto bytes = array_bytes(tensor.shape, storage.dtype);
  const std::string shape = shape_string(tensor.shape);
  if (!bytes) place.fail_here("found a tensor of the impossible shape ", shape);
  if (*bytes == 0) return;
  if (*bytes / size_of(storage.dtype) > storage.elements)
    place.fail_here("found a tensor of the shape ", shape, " in a storage of ", storage.elements,
                    " elements, wanted at most those");
  const auto end = end_of(tensor);
  if (!end || *end > storage.elements)
    place.fail_here("found a tensor of the shape ", shape, " that ends beyond its storage of ",
                    storage.elements, " elements");
}

// _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks); a seventh argument may
// say that the values are to be negated or conjugated.
PickleValue tensor_of(const ByteReader& place, PickleValues& values, const Items& arguments) {
  if (arguments.size() != 4 && arguments.size() != 6)
    place.fail_here("found a tensor of ", arguments.size(), " arguments, wanted 4 or 6");
  check_kind(place, arguments[0], Kind::kStorage, "a tensor's storage");
  TorchTensor tensor{static_cast<size_t>(arguments[0].number),
                     count_of(place, arguments[1], "a tensor's offset"),
                     counts_of(place, values, arguments[2], "a tensor's shape"),
                     counts_of(place, values, arguments[3], "a tensor's strides")};
  if (tensor.shape.size() != tensor.strides.size())
    place.fail_here("found a tensor of ", tensor.shape.size(), " dimensions and ",
                    tensor.strides.size(), " strides, wanted as many");
  check_extent(place, tensor, values.torch_storages().at(tensor.storage));
  return values.tensor(place, std::move(tensor));
}

// OrderedDict() or, as Python 2 wrote it, OrderedDict([[key, value], ..]).
PickleValue dict_of(const ByteReader& place, PickleValues& values, const Items& arguments) {
  Items all;
  if (arguments.size() > 1) place.fail_here("found an OrderedDict of several arguments");
  if (arguments.size() == 1) {
    check_kind(place, arguments[0], Kind::kList, "an OrderedDict's items");
    for (const PickleValue pair : values.items_of(arguments[0])) {
      if (pair.kind != Kind::kList) check_kind(place, pair, Kind::kTuple, "an OrderedDict's item");
      const Items& both = values.items_of(pair);
      if (both.size() != 2) place.fail_here("found an item of ", both.size(), ", wanted a pair");
      all.insert(all.end(), both.begin(), both.end());
    }
  }
  return values.list(place, Kind::kDict, std::move(all));
}

const PickleValue& first_of(const ByteReader& place, const Items& arguments, Kind wanted,
                            const char* what) {
  if (arguments.empty()) place.fail_here(what, ": found nothing, wanted ", name_of(wanted));
  check_kind(place, arguments[0], wanted, what);
  return arguments[0];
}

}  // namespace

PickleValue torch_global(const ByteReader& place, std::string_view module, std::string_view name) {
  const auto found = std::find_if(kGlobals.begin(), kGlobals.end(), [&](const Global& global) {
    return global.module == module && global.name == name;
  });
  if (found == kGlobals.end())
    place.fail_here("found the global ", printable(std::string(module) + "." + std::string(name)),
                    ", wanted tensors alone, as in a state_dict()");
  return {Kind::kGlobal, found - kGlobals.begin()};
}

PickleValue torch_call(const ByteReader& place, PickleValues& values, PickleValue global,
                       PickleValue arguments) {
  check_kind(place, global, Kind::kGlobal, "what is called");
  check_kind(place, arguments, Kind::kTuple, "the arguments of a call");
  const Items& items = values.items_of(arguments);
  switch (global_of(global).use) {
    case Use::kOrderedDict: return dict_of(place, values, items);
    case Use::kTensor: return tensor_of(place, values, items);
    case Use::kParameter: return first_of(place, items, Kind::kTensor, "a parameter");
    case Use::kSize: return first_of(place, items, Kind::kTuple, "a torch.Size");
    case Use::kOther: return {Kind::kOther, 0};
    case Use::kStorage: break;
  }
  place.fail_here("found a call of torch.", global_of(global).name, ", wanted tensors alone");
}

PickleValue torch_storage(const ByteReader& place, PickleValues& values, PickleValue id) {
  check_kind(place, id, Kind::kTuple, "a persistent id");
  const Items& items = values.items_of(id);
  const bool plain = items.size() == 5 || (items.size() == 6 && items[5].kind == Kind::kNone);
  if (!plain)
    place.fail_here("found a persistent id of ", items.size(), ", wanted a whole storage");
  check_kind(place, items[0], Kind::kText, "the kind of a persistent id");
  if (values.text_of(items[0]) != "storage")
    place.fail_here("found the persistent id ", in_quotes(values.text_of(items[0])),
                    ", wanted a storage");
  check_kind(place, items[1], Kind::kGlobal, "a storage's type");
  const Global& type = global_of(items[1]);
  if (type.use != Use::kStorage) place.fail_here("found a storage of the type ", type.name);
  check_kind(place, items[2], Kind::kText, "a storage's key");
  check_kind(place, items[3], Kind::kText, "a storage's location");
  const uint64_t elements = count_of(place, items[4], "a storage's elements");
  if (elements > INT64_MAX / size_of(type.dtype))
    place.fail_here("found a storage of ", elements, " elements, wanted what fits into 63 bits");
  return values.storage(place, {values.text_of(items[2]), type.dtype, elements});
}

}  // namespace albert
