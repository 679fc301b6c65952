#pragma once
// LevelDB's tables as TensorFlow writes them (tensorflow/core/lib/io/table_format.txt): sorted keys
// and values in blocks with prefix compression, stored plainly or with snappy. Not installed.
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "albert/base/byte_reader.h"
#include "albert/engine/weights/placed_bytes.h"

namespace albert {

// A number in base 128, its lowest seven bits first; Error(kBadData) when it is longer than 10
// bytes.
uint64_t read_varint(ByteReader& reader, const char* what);

using TableVisitor = std::function<void(std::string_view key, std::span<const std::byte> value)>;

// A table's footer and index are checked when it is opened. Error(kBadData) "name: byte N: ..." for
// what is no table, a wrong checksum, lengths that lie, blocks that overlap and keys over 4096
// bytes. Takes the memory of the index and of a block, at most twice the file and 8 MiB.
class Table {
 public:
  explicit Table(PlacedBytes file);

  // Calls `visit` with every key and its value, in the strict order of the keys, which it checks.
  void visit(const TableVisitor& visit) const;
  // The same for one key alone, reading the block that it is in; whether it is there.
  bool find(std::string_view key, const TableVisitor& visit) const;

  const PlacedBytes& file() const { return file_; }

 private:
  PlacedBytes file_;
  std::vector<std::byte> index_;  // a block: a key at or behind each block's last, and its handle
};

// Visits a whole table.
void read_table(const PlacedBytes& file, const TableVisitor& visit);

// Whether a file ends as tables do.
bool ends_as_table(const PlacedBytes& file);

}  // namespace albert
