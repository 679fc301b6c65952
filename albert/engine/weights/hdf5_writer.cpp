#include "albert/engine/weights/hdf5_writer.h"

#include <algorithm>

#include "albert/base/atomic_file.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

constexpr uint64_t kSuperblockBytes = 96, kAlignment = 8, kNowhere = ~uint64_t{0};
constexpr size_t kLeafLinks = 8, kNodeLeaves = 32;  // twice the superblock's ranks, 4 and 16
constexpr size_t kLeafBytes = 8 + kLeafLinks * 40, kNodeBytes = 24 + 8 + kNodeLeaves * 16;
constexpr size_t kMaxAttribute = 60000;

std::string number(uint64_t value, size_t bytes) {
  std::string text;
  for (size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string padded(std::string bytes) {
  bytes.resize((bytes.size() + kAlignment - 1) / kAlignment * kAlignment);
  return bytes;
}

// A message of an object's header, of a kind that section IV.A.2 of the specification numbers.
std::string message(uint64_t kind, const std::string& body) {
  const std::string whole = padded(body);
  return number(kind, 2) + number(whole.size(), 2) + number(0, 4) + whole;
}

std::string shape_body(const std::vector<int64_t>& shape) {
  std::string body = number(1, 1) + number(shape.size(), 1) + number(0, 6);
  for (const int64_t dim : shape) body += number(static_cast<uint64_t>(dim), 8);
  return body;
}

// IEEE floats: where sign, exponent and mantissa are, in bits.
std::string float_body(size_t size, size_t exponent, size_t mantissa) {
  const size_t bits = 8 * size, bias = (size_t{1} << (exponent - 1)) - 1;
  return number(0x11, 1) + number(0x20, 1) + number(bits - 1, 2) + number(size, 4) + number(0, 2) +
         number(bits, 2) + number(mantissa, 1) + number(exponent, 1) + number(0, 1) +
         number(mantissa, 1) + number(bias, 4);
}

std::string type_body(const std::string& dataset, DType dtype) {
  switch (dtype) {
    case DType::kF64: return float_body(8, 11, 52);
    case DType::kF32: return float_body(4, 8, 23);
    case DType::kF16: return float_body(2, 5, 10);
    default:
      fail(ErrorCode::kBadData, "HDF5: ", in_quotes(dataset), ": found ", dtype,
           ", wanted one of f32, f16, f64: convert it");
  }
}

std::string dataset_messages(const std::string& name, const TensorInfo& info, uint64_t address) {
  const std::string no_fill_value = number(0x01020202, 4) + number(0, 4);
  return message(1, shape_body(info.shape)) + message(3, type_body(name, info.dtype)) +
         message(5, no_fill_value) +
         message(8, number(3, 1) + number(1, 1) + number(address, 8) +
                        number(array_bytes(info.shape, info.dtype).value(), 8));
}

// Texts of one length, with zeros behind shorter ones.
std::string attribute_message(const Hdf5Attribute& attribute) {
  size_t length = 1;
  for (const auto& text : attribute.texts) length = std::max(length, text.size());
  const std::string name = attribute.name + '\0',
                    type = number(0x13, 1) + number(1, 1) + number(0, 2) + number(length, 4),
                    shape =
                        shape_body(attribute.is_list
                                       ? std::vector{static_cast<int64_t>(attribute.texts.size())}
                                       : std::vector<int64_t>{});
  std::string values;
  for (const auto& text : attribute.texts) values += text + std::string(length - text.size(), '\0');
  if (values.size() > kMaxAttribute)
    fail(ErrorCode::kBadData, "HDF5: attribute ", attribute.name, " of ",
         in_quotes(attribute.group), ": found ", values.size(), " bytes, wanted at most ",
         kMaxAttribute);
  return message(12, number(1, 2) + number(name.size(), 2) + number(type.size(), 2) +
                         number(shape.size(), 2) + padded(name) + padded(type) + padded(shape) +
                         values);
}

size_t count_messages(const std::string& messages) {
  size_t count = 0;
  for (size_t at = 0; at < messages.size(); ++count) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(messages[at + i]); };
    at += 8 + (byte(2) | size_t{byte(3)} << 8);
  }
  return count;
}

// A group of a path's parts; datasets are leaves with an address of their data.
struct Node {
  std::map<std::string, Node> children;
  std::string attributes;  // messages
  const TensorInfo* dataset = nullptr;
  uint64_t data = 0;
};

Node& node_at(Node& root, const std::string& path) {
  Node* node = &root;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    node = &node->children[path.substr(begin, end - begin)];
    begin = end + 1;
  }
  return *node;
}

// The structures of a file, which begin at `origin`.
class Structures {
 public:
  explicit Structures(uint64_t origin) : origin_(origin) {}

  // Adds what a node is and holds; gives the address of its object.
  uint64_t add(const std::string& path, const Node& node) {
    if (node.dataset) return object(dataset_messages(path, *node.dataset, node.data));
    std::vector<std::pair<std::string, uint64_t>> links;
    for (const auto& [name, child] : node.children)
      links.emplace_back(name, add(path.empty() ? name : path + "/" + name, child));
    return group(path, links, node.attributes);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  uint64_t append(const std::string& bytes) {
    const uint64_t address = origin_ + bytes_.size();
    bytes_ += padded(bytes);
    return address;
  }
  uint64_t object(const std::string& messages) {
    return append(number(1, 2) + number(count_messages(messages), 2) + number(1, 4) +
                  number(messages.size(), 4) + number(0, 4) + messages);
  }
  // `links` in the order of their names, as the tree wants them.
  uint64_t group(const std::string& path,
                 const std::vector<std::pair<std::string, uint64_t>>& links,
                 const std::string& attributes) {
    if (links.size() > kLeafLinks * kNodeLeaves)
      fail(ErrorCode::kBadData, "HDF5: group ", in_quotes(path), ": found ", links.size(),
           " members, wanted at most ", kLeafLinks * kNodeLeaves);
    std::string names(kAlignment, '\0'), tree;  // the first name is empty, and the tree's first key
    size_t leaves = 0, last = 0;
    for (size_t begin = 0; begin < links.size(); begin += kLeafLinks, ++leaves) {
      const size_t end = std::min(begin + kLeafLinks, links.size());
      std::string leaf = "SNOD" + number(1, 2) + number(end - begin, 2);
      tree += number(last, 8);
      for (size_t i = begin; i < end; ++i) {
        last = names.size();
        leaf += number(last, 8) + number(links[i].second, 8) + number(0, 24);
        names += padded(links[i].first + '\0');
      }
      leaf.resize(kLeafBytes);
      tree += number(append(leaf), 8);
    }
    std::string node = "TREE" + number(0, 2) + number(leaves, 2) + number(kNowhere, 8) +
                       number(kNowhere, 8) + tree + number(last, 8);
    node.resize(kNodeBytes);
    const uint64_t root = append(node);
    constexpr uint64_t kNoFreeBytes = 1;
    const uint64_t heap = append("HEAP" + number(0, 4) + number(names.size(), 8) +
                                 number(kNoFreeBytes, 8) + number(append(names), 8));
    return object(message(17, number(root, 8) + number(heap, 8)) + attributes);
  }

  uint64_t origin_;
  std::string bytes_;
};

std::string superblock(uint64_t root, uint64_t file_size) {
  const std::string start = "\x89HDF\r\n\x1a\n" + number(0, 5) + number(8, 1) + number(8, 1) +
                            number(0, 1) + number(kLeafLinks / 2, 2) + number(kNodeLeaves / 2, 2) +
                            number(0, 4) + number(0, 8) + number(kNowhere, 8) +
                            number(file_size, 8) + number(kNowhere, 8) + number(0, 8) +
                            number(root, 8) + number(0, 24);
  ALBERT_CHECK(start.size() == kSuperblockBytes, start.size());
  return start;
}

}  // namespace

void write_hdf5(const std::filesystem::path& path, const WeightSource& datasets,
                const std::vector<Hdf5Attribute>& attributes) {
  Node root;
  uint64_t end = kSuperblockBytes;
  for (const auto& [name, info] : datasets.tensors()) {
    Node& node = node_at(root, name);
    node.dataset = &info;
    node.data = end;
    end += (array_bytes(info.shape, info.dtype).value() + kAlignment - 1) / kAlignment * kAlignment;
  }
  for (const Hdf5Attribute& attribute : attributes)
    node_at(root, attribute.group).attributes += attribute_message(attribute);
  Structures structures(end);
  const uint64_t address = structures.add("", root), size = end + structures.bytes().size();
  AtomicFile file(path, size);
  file.write(superblock(address, size));
  for (const auto& [name, info] : datasets.tensors()) {
    const HostTensor values = datasets.tensor(name);
    file.write(values.raw(), values.bytes());
    file.write(std::string((kAlignment - values.bytes() % kAlignment) % kAlignment, '\0'));
  }
  file.write(structures.bytes());
  file.publish();
}

}  // namespace albert
