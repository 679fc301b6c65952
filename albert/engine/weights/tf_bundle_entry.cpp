#include "albert/engine/weights/tf_bundle_entry.h"

namespace albert {
namespace {

constexpr uint64_t kNewestVersion = 1;  // of the format
constexpr uint64_t kMaxShards = 99999;  // names of files have five digits
constexpr uint64_t kMaxSlices = 1024;   // of one tensor

void read_entry_field(BundleEntry& entry, const FieldReader& message, const std::string& place,
                      const Field& field) {
  switch (field.number) {
    case 1: entry.info.dtype = dtype_of(message, message.number(field)); break;
    case 2: entry.info.shape = parse_shape(place, message.message(field)); break;
    case 3: entry.shard = message.number(field); break;
    case 4: entry.offset = message.number(field); break;
    case 5: entry.size = message.number(field); break;
    case 6: entry.masked_crc32c = message.fixed32(field); break;
    case 7: entry.slices.push_back(parse_slice(place, message.message(field))); break;
    default: break;
  }
  if (entry.slices.size() > kMaxSlices) message.fail_message("found over ", kMaxSlices, " slices");
}

void check_entry(const BundleEntry& entry, const FieldReader& message) {
  const auto bytes = array_bytes(entry.info.shape, entry.info.dtype);
  if (!bytes) message.fail_message("found the impossible shape ", shape_string(entry.info.shape));
  if (entry.slices.empty() && *bytes != entry.size)
    message.fail_message("found ", entry.size, " bytes, wanted ", *bytes, ", which shape ",
                         shape_string(entry.info.shape), " of ", entry.info.dtype, " takes");
  for (const TensorSlice& slice : entry.slices)
    if (slice.size() != entry.info.shape.size())
      message.fail_message("found a slice of ", slice.size(), " dimensions, wanted ",
                           entry.info.shape.size());
}

}  // namespace

uint64_t parse_bundle_header(const std::string& place, std::span<const std::byte> bytes) {
  FieldReader message(place, bytes);
  uint64_t shards = 0, wanted = 0;
  for (Field field; message.next(field);) {
    if (field.number == 1) shards = message.number(field);
    if (field.number == 2 && message.number(field) != 0)
      message.fail_message("found the data of a big-endian machine, wanted little-endian ones");
    if (field.number != 3) continue;
    FieldReader version(place, message.message(field));
    for (Field part; version.next(part);)
      if (part.number == 2) wanted = version.number(part);
  }
  if (wanted > kNewestVersion)
    message.fail_message("found a checkpoint for readers of version ", wanted, ", wanted at most ",
                         kNewestVersion);
  if (shards == 0 || shards > kMaxShards)
    message.fail_message("found ", shards, " data files, wanted 1 to ", kMaxShards);
  return shards;
}

BundleEntry parse_bundle_entry(const std::string& place, std::span<const std::byte> bytes) {
  FieldReader message(place, bytes);
  BundleEntry entry;
  bool has_dtype = false;
  for (Field field; message.next(field);) {
    has_dtype |= field.number == 1;
    read_entry_field(entry, message, place, field);
  }
  if (!has_dtype) message.fail_message("found no dtype");
  check_entry(entry, message);
  return entry;
}

}  // namespace albert
