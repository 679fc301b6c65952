#pragma once
// Files as torch.save writes them, byte by byte.
#include <zlib.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/deflate.h"

namespace albert::testing {

// The number in as many bytes as To has.
template <class To, class From>
std::string little_endian(From value) {
  std::string text;
  for (size_t i = 0; i < sizeof(To); ++i)
    text += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i) & 0xff);
  return text;
}

// The parts of a pickle: each text leaves one value on the stack.
namespace pickle {

inline std::string text(const std::string& s) {
  return "X" + little_endian<uint32_t>(s.size()) + s;
}
inline std::string number(int64_t n) { return "\x8a\x08" + little_endian<int64_t>(n); }
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string tuple(std::initializer_list<std::string> items) {
  std::string all = "(";
  for (const auto& item : items) all += item;
  return all + "t";
}
inline std::string numbers(std::initializer_list<int64_t> values) {
  std::string all = "(";
  for (const int64_t value : values) all += number(value);
  return all + "t";
}
inline std::string call(const std::string& function, const std::string& arguments) {
  return function + arguments + "R";
}
inline std::string dict(std::initializer_list<std::pair<std::string, std::string>> items) {
  std::string all = "}(";
  for (const auto& [key, value] : items) all += text(key) + value;
  return all + "u";
}
inline std::string ordered_dict() { return call(global("collections", "OrderedDict"), ")"); }
inline std::string storage(const std::string& key, int64_t elements,
                           const std::string& type = "FloatStorage") {
  return tuple({text("storage"), global("torch", type), text(key), text("cpu"), number(elements)}) +
         "Q";
}
inline std::string tensor(const std::string& storage, int64_t offset,
                          std::initializer_list<int64_t> shape,
                          std::initializer_list<int64_t> strides) {
  return call(
      global("torch._utils", "_rebuild_tensor_v2"),
      tuple({storage, number(offset), numbers(shape), numbers(strides), "\x89", ordered_dict()}));
}
inline std::string file(const std::string& value) { return "\x80\x02" + value + "."; }

}  // namespace pickle

struct ZipPart {
  std::string name, data;
  bool deflated = false, described = false;  // described: its numbers follow the data
};

inline std::string zip_end(size_t entries, size_t size, size_t offset) {
  return "PK\x05\x06" + little_endian<uint32_t>(0) + little_endian<uint16_t>(entries) +
         little_endian<uint16_t>(entries) + little_endian<uint32_t>(size) +
         little_endian<uint32_t>(offset) + little_endian<uint16_t>(0);
}

inline std::string zip_of(const std::vector<ZipPart>& parts) {
  std::string all, directory;
  for (const ZipPart& part : parts) {
    const std::string stored = part.deflated ? deflated(part.data, -MAX_WBITS) : part.data;
    const std::string numbers =
        little_endian<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(part.data.data()),
                                      static_cast<uInt>(part.data.size()))) +
        little_endian<uint32_t>(stored.size()) + little_endian<uint32_t>(part.data.size());
    const std::string start = little_endian<uint16_t>(part.described ? 8 : 0) +
                              little_endian<uint16_t>(part.deflated ? 8 : 0) +
                              little_endian<uint32_t>(0);
    const std::string lengths =
        little_endian<uint16_t>(part.name.size()) + little_endian<uint16_t>(0);
    directory += "PK\x01\x02" + little_endian<uint32_t>(0) + start + numbers + lengths +
                 std::string(10, '\0') + little_endian<uint32_t>(all.size()) + part.name;
    all += "PK\x03\x04" + little_endian<uint16_t>(0) + start +
           (part.described ? std::string(12, '\0') : numbers) + lengths + part.name + stored;
    if (part.described) all += "PK\x07\x08" + numbers;
  }
  return all + directory + zip_end(parts.size(), directory.size(), all.size());
}

// An archive of a pickled value and its storages by key.
inline std::string torch_archive(const std::string& value,
                                 const std::vector<std::pair<std::string, std::string>>& storages) {
  std::vector<ZipPart> parts{{"m/data.pkl", pickle::file(value)}};
  for (const auto& [key, data] : storages) parts.push_back({"m/data/" + key, data});
  return zip_of(parts);
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace albert::testing
