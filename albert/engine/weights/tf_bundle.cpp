#include "albert/engine/weights/tf_bundle.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <tuple>

#include "albert/base/crc32c.h"
#include "albert/base/printable.h"
#include "albert/engine/weights/tf_slices.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxEntries = 16384;       // and slices that they name
constexpr size_t kMaxIndexBytes = 1 << 20;  // of all names and what is said of them

std::string place_of(const std::string& name, const std::string& tensor) {
  return name + ": tensor " + in_quotes(tensor);
}

// What an index takes in memory is a few hundred bytes for each entry and slice.
void check_size(const PlacedBytes& file, size_t entries, size_t bytes) {
  if (entries > kMaxEntries || bytes > kMaxIndexBytes)
    fail(ErrorCode::kBadData, file.name, ": found over ", kMaxEntries, " tensors and slices or ",
         kMaxIndexBytes, " bytes that describe them");
}

void check_name(const PlacedBytes& file, const std::string& name) {
  if (name == "_CHECKPOINTABLE_OBJECT_GRAPH")
    fail(ErrorCode::kBadData, file.name,
         ": found a checkpoint of Keras's objects, wanted one of variables by Google's names");
  check_variable_name(file.name, name);
}

// The slices of a partitioned tensor must cover it without gap or overlap, so that all of it is
// read.
void check_slices(const std::string& place, const BundleIndex& index, const std::string& name,
                  const BundleEntry& tensor) {
  std::vector<TensorSlice> slices;
  for (const TensorSlice& slice : tensor.slices) {
    const auto part = index.slices.find(slice_key(name, slice));
    if (part == index.slices.end())
      fail(ErrorCode::kBadData, place, ": found no data of slice ", slices.size(), " of ",
           tensor.slices.size());
    slices.push_back(with_lengths(place, slice, tensor.info.shape));
    std::vector<int64_t> lengths;
    for (const TensorExtent& extent : slices.back()) lengths.push_back(extent.length);
    const TensorInfo& info = part->second.info;
    if (info.shape != lengths || info.dtype != tensor.info.dtype || !part->second.slices.empty())
      fail(ErrorCode::kBadData, place, ": found a slice ", shape_string(info.shape), " of ",
           info.dtype, ", wanted ", shape_string(lengths), " of ", tensor.info.dtype);
  }
  check_cover(place, slices, tensor.info);
}

class TfBundle : public WeightSource {
 public:
  TfBundle(const std::string& name, BundleIndex index, const OpenShard& open)
      : name_(name), index_(std::move(index)) {
    std::map<std::string, bool> used;  // whether a tensor names the slice
    for (const auto& [key, slice] : index_.slices) used.emplace(key, false);
    for (const auto& [tensor, entry] : index_.tensors) {
      const std::string place = place_of(name_, tensor);
      if (entry.slices.empty())
        add_data(place, entry, open);
      else
        check_slices(place, index_, tensor, entry);
      for (const TensorSlice& slice : entry.slices) {
        const std::string key = slice_key(tensor, slice);
        used.at(key) = true;
        add_data(place, index_.slices.at(key), open);
      }
      tensors_.emplace(tensor, entry.info);
    }
    for (const auto& [key, is_used] : used)
      if (!is_used)
        fail(ErrorCode::kBadData, name_, ": found the slice ", in_quotes(key), " of no tensor");
    check_overlap();
  }

  std::string name() const override { return name_; }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    const BundleEntry& entry = index_.tensors.at(tensor);
    const std::string place = place_of(name_, tensor);
    if (entry.slices.empty()) return read_data(place, entry, to);
    for (const TensorSlice& slice : entry.slices) {
      const BundleEntry& part = index_.slices.at(slice_key(tensor, slice));
      std::vector<std::byte> values(part.size);
      read_data(place, part, values);
      place_slice(with_lengths(place, slice, entry.info.shape), entry.info, values, to);
    }
  }
  void check_unchanged() const override {
    for (const auto& [number, shard] : shards_) shard.check_unchanged();
  }

 private:
  struct Range {
    uint64_t shard, begin, end;
    std::string place;
  };

  void add_data(const std::string& place, const BundleEntry& entry, const OpenShard& open) {
    if (entry.shard >= index_.shards)
      fail(ErrorCode::kBadData, place, ": found data file ", entry.shard, ", wanted one of ",
           index_.shards, ", counted from 0");
    if (!shards_.contains(entry.shard)) shards_.emplace(entry.shard, open(entry.shard));
    const PlacedBytes& shard = shards_.at(entry.shard);
    if (entry.size > shard.size || entry.offset > shard.size - entry.size)
      fail(ErrorCode::kBadData, place, ": found ", entry.size, " bytes from byte ", entry.offset,
           " on, wanted them within the ", shard.size, " of ", shard.name,
           ": is the file truncated?");
    if (entry.size > 0)
      ranges_.push_back({entry.shard, entry.offset, entry.offset + entry.size, place});
  }
  void check_overlap() {
    std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) {
      return std::tie(a.shard, a.begin) < std::tie(b.shard, b.begin);
    });
    for (size_t i = 1; i < ranges_.size(); ++i)
      if (ranges_[i].shard == ranges_[i - 1].shard && ranges_[i].begin < ranges_[i - 1].end)
        fail(ErrorCode::kBadData, ranges_[i].place, ": found data from byte ", ranges_[i].begin,
             " on, wanted them behind those of another tensor, which end at ", ranges_[i - 1].end);
    ranges_ = {};
  }
  void read_data(const std::string& place, const BundleEntry& entry,
                 std::span<std::byte> to) const {
    const PlacedBytes& shard = shards_.at(entry.shard);
    shard.read_at(entry.offset, to);
    const uint32_t computed = masked_crc32c(crc32c(to));
    if (computed != entry.masked_crc32c)
      fail(ErrorCode::kBadData, place, ": found checksum ", computed, " in ", shard.name,
           ", wanted ", entry.masked_crc32c, ": is the file damaged?");
  }

  std::string name_;
  BundleIndex index_;
  std::map<uint64_t, PlacedBytes> shards_;
  std::vector<Range> ranges_;  // of all data, until they are checked
  std::map<std::string, TensorInfo> tensors_;
};

fs::path data_file(const fs::path& index, uint64_t shard, uint64_t shards) {
  std::array<char, 64> ending{};
  std::snprintf(ending.data(), ending.size(), ".data-%05u-of-%05u", static_cast<unsigned>(shard),
                static_cast<unsigned>(shards));
  return index.parent_path() / (index.stem().string() + ending.data());
}

}  // namespace

BundleIndex read_bundle_index(const PlacedBytes& file) {
  BundleIndex index;
  size_t entries = 0, bytes = 0;
  read_table(file, [&](std::string_view key, std::span<const std::byte> value) {
    bytes += key.size() + value.size();
    check_size(file, ++entries, bytes);
    if (key.empty()) {
      index.shards = parse_bundle_header(file.name + ": header", value);
      return;
    }
    if (index.shards == 0)
      fail(ErrorCode::kBadData, file.name, ": found no header, wanted the index of a checkpoint");
    const std::string name(key), place = place_of(file.name, name);
    const bool is_slice = name.front() == '\0';
    if (!is_slice) check_name(file, name);
    BundleEntry entry = parse_bundle_entry(place, value);
    check_size(file, entries += entry.slices.size(), bytes);
    (is_slice ? index.slices : index.tensors).emplace(name, std::move(entry));
  });
  if (index.shards == 0)
    fail(ErrorCode::kBadData, file.name, ": found no header, wanted the index of a checkpoint");
  return index;
}

std::unique_ptr<const WeightSource> join_tf_bundle(const std::string& name, BundleIndex index,
                                                   const OpenShard& open) {
  return std::make_unique<const TfBundle>(name, std::move(index), open);
}

std::unique_ptr<const WeightSource> open_tf_bundle(const fs::path& path) {
  const PlacedBytes file = open_bytes(path);
  BundleIndex index = read_bundle_index(file);
  file.check_unchanged();
  const uint64_t shards = index.shards;
  return join_tf_bundle(path.string(), std::move(index), [&](uint64_t shard) {
    const fs::path data = data_file(path, shard, shards);
    std::error_code ignored;
    if (!fs::exists(data, ignored))
      fail(ErrorCode::kMissingInput, data.string(), ": no such file, but ",
           path.filename().string(), " names it");
    return open_bytes(data);
  });
}

}  // namespace albert
