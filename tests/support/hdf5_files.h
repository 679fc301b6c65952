#pragma once
// HDF5 files for tests, written as h5py does by default: superblock 0, groups with a B-tree, a heap
// of names and links in the order of the names, data in one piece.
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "albert/engine/host_tensor.h"
#include "albert/engine/weights/placed_bytes.h"

namespace albert::testing {

class Hdf5Writer {
 public:
  using Children = std::map<std::string, uint64_t>;  // addresses of objects, by name

  Hdf5Writer() : file_(kSuperblockBytes, '\0') {}

  static std::string number(uint64_t value, size_t bytes) {
    std::string text;
    for (size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
    return text;
  }
  static std::string message(uint64_t kind, std::string body) {
    body.resize((body.size() + 7) / 8 * 8);
    return number(kind, 2) + number(body.size(), 2) + std::string(4, '\0') + body;
  }
  static std::string shape_message(const std::vector<int64_t>& shape) {
    std::string body = std::string("\1") + number(shape.size(), 1) + std::string(6, '\0');
    for (const int64_t dim : shape) body += number(static_cast<uint64_t>(dim), 8);
    return message(1, body);
  }
  static std::string type_message(DType dtype) {
    const auto real = [](size_t sign, size_t size, size_t exponent, size_t mantissa, size_t bias) {
      return std::string("\x11\x20") + number(sign, 2) + number(size, 4) + number(0, 2) +
             number(8 * size, 2) + number(mantissa, 1) + number(exponent, 1) + number(0, 1) +
             number(mantissa, 1) + number(bias, 4);
    };
    switch (dtype) {
      case DType::kF64: return message(3, real(63, 8, 11, 52, 1023));
      case DType::kF16: return message(3, real(15, 2, 5, 10, 15));
      case DType::kI64:
        return message(3, "\x10\x08" + number(0, 2) + number(8, 4) + number(64 << 16, 4));
      default: return message(3, real(31, 4, 8, 23, 127));
    }
  }
  static std::string layout_message(uint64_t address, uint64_t size) {
    return message(8, "\3\1" + number(address, 8) + number(size, 8));
  }

  // Appends bytes at a multiple of 8 and gives their address.
  uint64_t append(const std::string& bytes) {
    file_.resize((file_.size() + 7) / 8 * 8);
    const uint64_t address = file_.size();
    file_ += bytes;
    return address;
  }
  // An object; its messages behind the first lie in a second piece, as in large objects.
  uint64_t object(const std::vector<std::string>& messages) {
    std::string rest;
    for (size_t i = 1; i < messages.size(); ++i) rest += messages[i];
    const uint64_t more = append(rest);
    const std::string first = messages[0] + message(16, number(more, 8) + number(rest.size(), 8));
    return append("\1" + number(0, 1) + number(messages.size() + 1, 2) + number(1, 4) +
                  number(first.size(), 4) + number(0, 4) + first);
  }
  uint64_t dataset(const HostTensor& values) {
    const std::string data(static_cast<const char*>(values.raw()), values.bytes());
    const uint64_t address = append(data);
    return object({shape_message(values.shape()), type_message(values.dtype()),
                   layout_message(address, data.size())});
  }
  uint64_t group(const Children& children, size_t per_leaf = 4) {
    std::string names(8, '\0'), links, tree;
    size_t leaves = 0, in_leaf = 0;
    const auto end_leaf = [&] {
      if (in_leaf == 0) return;
      tree += number(append("SNOD" + number(1, 2) + number(in_leaf, 2) + links), 8) +
              number(names.size(), 8);
      ++leaves;
      in_leaf = 0;
      links.clear();
    };
    for (const auto& [name, address] : children) {
      links += number(names.size(), 8) + number(address, 8) + std::string(24, '\0');
      names += name + '\0';
      if (++in_leaf == per_leaf) end_leaf();
    }
    end_leaf();
    const uint64_t heap = append("HEAP" + number(0, 4) + number(names.size(), 8) + number(1, 8) +
                                 number(append(names), 8));
    const uint64_t root = append("TREE" + number(0, 1) + number(0, 1) + number(leaves, 2) +
                                 std::string(16, '\xff') + number(0, 8) + tree);
    return object({message(17, number(root, 8) + number(heap, 8))});
  }
  // A group of the datasets under these paths.
  uint64_t tree_of(const std::map<std::string, HostTensor>& datasets) {
    Children children;
    std::map<std::string, std::map<std::string, HostTensor>> groups;
    for (const auto& [path, values] : datasets) {
      const size_t slash = path.find('/');
      if (slash == std::string::npos)
        children[path] = dataset(values);
      else
        groups[path.substr(0, slash)].emplace(path.substr(slash + 1), values);
    }
    for (const auto& [name, inner] : groups) children[name] = tree_of(inner);
    return group(children);
  }
  std::string finish(uint64_t root) {
    std::string start = "\x89HDF\r\n\x1a\n" + std::string(5, '\0') + number(8, 1) + number(8, 1) +
                        number(0, 1) + number(4, 2) + number(16, 2) + number(0, 4) + number(0, 8) +
                        number(~uint64_t{0}, 8) + number(file_.size(), 8) +
                        number(~uint64_t{0}, 8) + number(0, 8) + number(root, 8);
    start.resize(kSuperblockBytes);
    return file_.replace(0, start.size(), start);
  }

 private:
  static constexpr size_t kSuperblockBytes = 96;

  std::string file_;
};

inline std::string hdf5_of(const std::map<std::string, HostTensor>& datasets) {
  Hdf5Writer writer;
  const uint64_t root = writer.tree_of(datasets);
  return writer.finish(root);
}

}  // namespace albert::testing
