#pragma once
// LevelDB's tables as TensorFlow writes them (tensorflow/core/lib/io/table_format.txt): sorted keys
// and values in blocks with prefix compression, stored plainly or with snappy. Not installed.
#include <functional>
#include <span>
#include <string_view>

#include "albert/base/byte_reader.h"
#include "albert/engine/weights/placed_bytes.h"

namespace albert {

// A number in base 128, its lowest seven bits first; Error(kBadData) when it is longer than 10
// bytes.
uint64_t read_varint(ByteReader& reader, const char* what);

using TableVisitor = std::function<void(std::string_view key, std::span<const std::byte> value)>;

// Calls `visit` with every key and its value, in the strict order of the keys, which it checks.
// Error(kBadData) "name: byte N: ..." for what is no table, a wrong checksum, lengths that lie,
// blocks that overlap and keys over 4096 bytes. Takes the memory of the index and of a block, at
// most twice the file and 8 MiB.
void read_table(const PlacedBytes& file, const TableVisitor& visit);

}  // namespace albert
