#include "albert/engine/weights/torch_writer.h"

#include <limits>

#include "albert/base/error.h"
#include "albert/base/zip_writer.h"

namespace albert {
namespace {

// The values of a pickle in protocol 2: each function gives the code that leaves one on the stack.
// No value is kept for a second use, so that the code needs no memo.
template <class Number>
std::string little_endian(Number value) {
  std::string bytes;
  for (size_t i = 0; i < sizeof value; ++i)
    bytes += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
  return bytes;
}

std::string text(const std::string& value) {
  return "X" + little_endian(static_cast<uint32_t>(value.size())) + value;
}

std::string number(int64_t value) {
  if (value <= std::numeric_limits<int32_t>::max())
    return "J" + little_endian(static_cast<int32_t>(value));
  return std::string("\x8a\x08") + little_endian(value);
}

std::string tuple(const std::string& items) { return "(" + items + "t"; }

std::string global(const char* module, const char* name) {
  return std::string("c") + module + "\n" + name + "\n";
}

std::string ordered_dict() { return global("collections", "OrderedDict") + ")R"; }

const char* storage_type(DType dtype) {
  switch (dtype) {
    case DType::kF32: return "FloatStorage";
    case DType::kF64: return "DoubleStorage";
    case DType::kBF16: return "BFloat16Storage";
    case DType::kF16: return "HalfStorage";
    case DType::kI32: return "IntStorage";
    case DType::kI64: return "LongStorage";
    case DType::kU8: return "ByteStorage";
  }
  return "";
}

// A contiguous tensor that fills the storage in the file data/KEY.
std::string tensor(const TensorInfo& info, const std::string& key) {
  std::string shape, strides;
  int64_t elements = 1;
  for (size_t d = info.shape.size(); d-- > 0;) {
    shape.insert(0, number(info.shape[d]));
    strides.insert(0, number(elements));
    elements *= info.shape[d];
  }
  const std::string storage = tuple(text("storage") + global("torch", storage_type(info.dtype)) +
                                    text(key) + text("cpu") + number(elements)) +
                              "Q";
  const std::string requires_no_gradient = "\x89";
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple(storage + number(0) + tuple(shape) + tuple(strides) + requires_no_gradient +
               ordered_dict()) +
         "R";
}

}  // namespace

void write_torch(const std::filesystem::path& path, const WeightSource& weights,
                 const std::map<std::string, std::string>& copies) {
  std::map<std::string, std::string> keys;  // of the storages, by tensor
  std::string items;
  uint64_t bytes = 0;
  for (const auto& [name, info] : weights.tensors()) {
    keys.emplace(name, std::to_string(keys.size()));
    items += text(name) + tensor(info, keys.at(name));
    bytes += array_bytes(info.shape, info.dtype).value();
  }
  for (const auto& [copy, name] : copies)
    items += text(copy) + tensor(weights.tensors().at(name), keys.at(name));

  AtomicFile file(path, bytes);
  StoredZip zip(file, path.string());
  const std::string folder = path.stem().string() + "/";
  zip.add(folder + "data.pkl", "\x80\x02" + ordered_dict() + "(" + items + "u.");
  zip.add(folder + "byteorder", "little");
  for (const auto& [name, key] : keys) {
    const HostTensor values = weights.tensor(name);
    zip.add(folder + "data/" + key, {static_cast<const char*>(values.raw()), values.bytes()});
  }
  zip.add(folder + "version", "3\n");
  zip.finish();
  file.publish();
}

}  // namespace albert
