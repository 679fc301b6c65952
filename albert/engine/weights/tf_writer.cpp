#include "albert/engine/weights/tf_writer.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "albert/base/atomic_file.h"
#include "albert/base/crc32c.h"
#include "albert/base/protobuf.h"
#include "albert/engine/weights/tf_table.h"

namespace albert {
namespace {

using protobuf::bytes_field;
using protobuf::fixed32;
using protobuf::fixed32_field;
using protobuf::number_field;
using protobuf::varint;

using Entries = std::vector<std::pair<std::string, std::string>>;  // keys and values of a table

// DataType of tensorflow/core/framework/types.proto.
uint64_t type_of(DType dtype) {
  switch (dtype) {
    case DType::kF32: return 1;
    case DType::kF64: return 2;
    case DType::kI32: return 3;
    case DType::kU8: return 4;
    case DType::kI64: return 9;
    case DType::kBF16: return 14;
    case DType::kF16: return 19;
  }
  return 0;
}

uint32_t checksum(std::string_view bytes) {
  return masked_crc32c(crc32c(std::as_bytes(std::span(bytes))));
}

// BundleHeaderProto: one data file, little-endian, to be read by version 1 and later.
std::string bundle_header() { return number_field(1, 1) + bytes_field(3, number_field(1, 1)); }

// BundleEntryProto of a tensor at `offset` of the data file.
std::string bundle_entry(const TensorInfo& info, uint64_t offset, std::string_view bytes) {
  std::string shape;
  for (const int64_t dim : info.shape)
    shape += bytes_field(2, number_field(1, static_cast<uint64_t>(dim)));
  return number_field(1, type_of(info.dtype)) + bytes_field(2, shape) + number_field(4, offset) +
         number_field(5, bytes.size()) + fixed32_field(6, checksum(bytes));
}

// A block of a table: keys without what they share with the one before, in full every 16th.
std::string block_of(const Entries& entries) {
  constexpr size_t kRestart = 16;
  std::string block, offsets, before;
  uint32_t restarts = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& [key, value] = entries[i];
    size_t shared = 0;
    if (i % kRestart == 0) {
      offsets += fixed32(static_cast<uint32_t>(block.size()));
      ++restarts;
    } else {
      const size_t most = std::min(key.size(), before.size());
      while (shared < most && key[shared] == before[shared]) ++shared;
    }
    block += varint(shared) + varint(key.size() - shared) + varint(value.size()) +
             key.substr(shared) + value;
    before = key;
  }
  if (restarts == 0) offsets = fixed32(0), restarts = 1;
  return block + offsets + fixed32(restarts);
}

// Adds a block, which is not compressed, to a table and gives its handle.
std::string add_block(std::string& table, const std::string& block) {
  const std::string handle = varint(table.size()) + varint(block.size()), stored = block + '\0';
  table += stored + fixed32(checksum(stored));
  return handle;
}

// A table of one block: an index of a model's variables has far fewer bytes than TensorFlow's
// blocks, 256 KiB.
std::string table_of(const Entries& entries) {
  constexpr size_t kHandles = 40;
  constexpr std::array<uint32_t, 2> kMark{0x8b80fb57, 0xdb477524};
  std::string table;
  const std::string data = add_block(table, block_of(entries)),
                    about = add_block(table, block_of({})),
                    index = add_block(table, block_of({{entries.back().first, data}}));
  std::string footer = about + index;
  footer.resize(kHandles, '\0');
  return table + footer + fixed32(kMark[0]) + fixed32(kMark[1]);
}

}  // namespace

void write_tf_bundle(const std::filesystem::path& folder, const std::string& name,
                     const WeightSource& variables) {
  uint64_t total = 0, offset = 0;
  for (const auto& [variable, info] : variables.tensors())
    total += array_bytes(info.shape, info.dtype).value();
  AtomicFile data(folder / (name + ".data-00000-of-00001"), total);
  Entries entries{{"", bundle_header()}};
  for (const auto& [variable, info] : variables.tensors()) {
    const HostTensor values = variables.tensor(variable);
    const std::string_view bytes(static_cast<const char*>(values.raw()), values.bytes());
    entries.emplace_back(variable, bundle_entry(info, offset, bytes));
    data.write(bytes);
    offset += bytes.size();
  }
  data.publish();
  write_file_atomically(folder / (name + ".index"), table_of(entries));
}

}  // namespace albert
