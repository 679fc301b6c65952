#pragma once
// TensorFlow's checkpoints of format V2 for tests, written as its BundleWriter does: an index (a
// table with prefix compression, in several blocks) and data files.
#include <snappy.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "albert/base/crc32c.h"
#include "albert/engine/host_tensor.h"
#include "albert/engine/weights/tf_bundle_entry.h"
#include "albert/engine/weights/tf_table.h"
#include "tests/support/placed.h"

namespace albert::testing {

inline std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
inline std::string number32(uint32_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

// Fields of a message: a number, which is left out where it is 0, and bytes.
inline std::string number_field(uint64_t field, uint64_t value) {
  return value == 0 ? "" : varint(field << 3) + varint(value);
}
inline std::string bytes_field(uint64_t field, const std::string& bytes) {
  return varint(field << 3 | 2) + varint(bytes.size()) + bytes;
}

inline std::string header_message(uint64_t shards) {
  return number_field(1, shards) + bytes_field(3, number_field(1, 1));
}

inline uint64_t type_of(DType dtype) {
  const std::map<DType, uint64_t> types{{DType::kF32, 1}, {DType::kF64, 2},   {DType::kI32, 3},
                                        {DType::kU8, 4},  {DType::kBF16, 14}, {DType::kI64, 9},
                                        {DType::kF16, 19}};
  return types.at(dtype);
}

inline std::string entry_message(const BundleEntry& entry) {
  std::string shape, slices;
  for (const int64_t dim : entry.info.shape)
    shape += bytes_field(2, number_field(1, static_cast<uint64_t>(dim)));
  for (const TensorSlice& slice : entry.slices) {
    std::string extents;
    for (const TensorExtent& extent : slice)
      extents +=
          bytes_field(1, number_field(1, static_cast<uint64_t>(extent.start)) +
                             (extent.length < 0
                                  ? ""
                                  : varint(2 << 3) + varint(static_cast<uint64_t>(extent.length))));
    slices += bytes_field(7, extents);
  }
  return number_field(1, type_of(entry.info.dtype)) + bytes_field(2, shape) +
         number_field(3, entry.shard) + number_field(4, entry.offset) +
         number_field(5, entry.size) + varint(6 << 3 | 5) + number32(entry.masked_crc32c) + slices;
}

// How a table is written.
struct TableForm {
  size_t block_bytes = 256 << 10;  // a block ends once it has as many
  size_t restart = 16;             // every so many keys one is written in full
  bool snappy = false;
};

// The blocks of a table, and the table once it is finished.
class TableWriter {
 public:
  explicit TableWriter(TableForm form = {}) : form_(form) {}

  // Adds a complete block and gives its handle.
  std::string block(const std::string& contents) {
    std::string stored = contents;
    if (form_.snappy) snappy::Compress(contents.data(), contents.size(), &stored);
    const std::string handle = varint(table_.size()) + varint(stored.size());
    stored += form_.snappy ? '\x01' : '\x00';
    table_ += stored + number32(masked_crc32c(crc32c(bytes_of(stored))));
    return handle;
  }
  std::string contents(const std::vector<std::pair<std::string, std::string>>& entries) const {
    std::string block, offsets, before;
    uint32_t restarts = 0;
    for (size_t i = 0; i < entries.size(); ++i) {
      const auto& [key, value] = entries[i];
      size_t shared = 0;
      if (i % form_.restart == 0) {
        offsets += number32(static_cast<uint32_t>(block.size()));
        ++restarts;
      } else {
        while (shared < std::min(key.size(), before.size()) && key[shared] == before[shared])
          ++shared;
      }
      block += varint(shared) + varint(key.size() - shared) + varint(value.size()) +
               key.substr(shared) + value;
      before = key;
    }
    if (restarts == 0) offsets = number32(restarts++);
    return block + offsets + number32(restarts);
  }
  // The footer behind the blocks; `index`: a key at or behind each block's last, and its handle.
  std::string finish(const std::vector<std::pair<std::string, std::string>>& index) {
    const std::string about = block(contents({}));
    std::string footer = about + block(contents(index));
    footer.resize(40, '\0');
    return table_ + footer + number32(0x8b80fb57) + number32(0xdb477524);
  }
  const TableForm& form() const { return form_; }

 private:
  TableForm form_;
  std::string table_;
};

inline std::string table_of(const std::map<std::string, std::string>& entries,
                            TableForm form = {}) {
  TableWriter writer(form);
  std::vector<std::pair<std::string, std::string>> index, block;
  size_t bytes = 0;
  const auto end_block = [&] {
    if (block.empty()) return;
    bytes = 0;
    const std::string last = block.back().first;
    index.emplace_back(last, writer.block(writer.contents(block)));
    block.clear();
  };
  for (const auto& entry : entries) {
    block.emplace_back(entry);
    bytes += entry.first.size() + entry.second.size();
    if (bytes >= form.block_bytes) end_block();
  }
  end_block();
  return writer.finish(index);
}

// A checkpoint in memory: its index, and what its data files hold.
struct Bundle {
  std::map<std::string, std::string> entries;  // of the index, by key
  std::vector<std::string> shards;

  explicit Bundle(size_t data_files = 1) : shards(data_files) {
    entries[""] = header_message(data_files);
  }
  // Adds an entry, and its values to the end of a data file.
  void put(const std::string& key, const HostTensor& values, size_t shard = 0) {
    entries[key] = entry_message(written(values, shard));
  }
  // The rows [begin, begin + values) of a partitioned tensor; add() of it follows.
  void put_rows(const std::string& tensor, const HostTensor& values, int64_t begin,
                size_t shard = 0) {
    TensorSlice slice(values.shape().size());
    slice[0] = {begin, values.dim(0)};
    slices_[tensor].push_back(slice);
    put(slice_key(tensor, slice), values, shard);
  }
  void put_whole(const std::string& tensor, DType dtype, const std::vector<int64_t>& shape) {
    entries[tensor] = entry_message({{dtype, shape}, 0, 0, 0, 0, slices_[tensor]});
  }
  void write(const std::filesystem::path& prefix, TableForm form = {}) const {
    std::ofstream(prefix.string() + ".index", std::ios::binary) << table_of(entries, form);
    for (size_t shard = 0; shard < shards.size(); ++shard) {
      std::array<char, 64> ending{};
      std::snprintf(ending.data(), ending.size(), ".data-%05zu-of-%05zu", shard, shards.size());
      std::ofstream(prefix.string() + ending.data(), std::ios::binary) << shards[shard];
    }
  }

 private:
  BundleEntry written(const HostTensor& values, size_t shard) {
    const std::string_view bytes(static_cast<const char*>(values.raw()), values.bytes());
    std::string& data = shards.at(shard);
    const BundleEntry entry{
        {values.dtype(), values.shape()},       shard, data.size(), bytes.size(),
        masked_crc32c(crc32c(bytes_of(bytes))), {}};
    data += bytes;
    return entry;
  }
  std::map<std::string, std::vector<TensorSlice>> slices_;
};

}  // namespace albert::testing
