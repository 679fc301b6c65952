#include "albert/engine/weights/tf_v1.h"

#include <fnmatch.h>

#include <array>
#include <cstdio>
#include <cstring>

#include "albert/base/printable.h"
#include "albert/engine/weights/tf_slices.h"
#include "albert/engine/weights/tf_table.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFound = 16384;            // tensors and slices
constexpr size_t kMaxSlices = 1024;            // of one tensor
constexpr size_t kMaxMetaBytes = 1 << 20;      // of a file's header
constexpr uint64_t kNewestVersion = 1;         // of the format
constexpr uint64_t kRoomForATensor = 4 << 20;  // bytes, beside the size of the file
constexpr const char* kOfSeveral = "*-[0-9][0-9][0-9][0-9][0-9]-of-[0-9][0-9][0-9][0-9][0-9]";
constexpr size_t kOfSeveralSize = sizeof("-00000-of-00000") - 1, kDigits = 5;

// A slice of a tensor as its file has it, and with lengths.
struct StoredSlice {
  size_t file = 0;
  TensorSlice key, extents;
};
struct StoredTensor {
  TensorInfo info;
  std::vector<StoredSlice> slices;
};

std::string place_of(const std::string& name, const std::string& tensor) {
  return name + ": tensor " + in_quotes(tensor);
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void check_version(const std::string& place, std::span<const std::byte> bytes) {
  FieldReader version(place, bytes);
  for (Field field; version.next(field);)
    if (field.number == 2 && version.number(field) > kNewestVersion)
      version.fail_message("found a checkpoint for readers of version ", field.value,
                           ", wanted at most ", kNewestVersion);
}

// One SavedSliceMeta of a file, with its name.
std::pair<std::string, StoredTensor> parse_tensor(const PlacedBytes& file, size_t number,
                                                  std::span<const std::byte> bytes) {
  const std::string place = file.name + ": header";
  FieldReader message(place, bytes);
  std::pair<std::string, StoredTensor> result;
  auto& [name, tensor] = result;
  bool has_dtype = false;
  for (Field field; message.next(field);) {
    has_dtype |= field.number == 3;
    switch (field.number) {
      case 1: name = text_of(message.message(field)); break;
      case 2: tensor.info.shape = parse_shape(place, message.message(field)); break;
      case 3: tensor.info.dtype = dtype_of(message, message.number(field)); break;
      case 4:
        tensor.slices.push_back({number, parse_slice(place, message.message(field)), {}});
        break;
      default: break;
    }
    if (tensor.slices.size() > kMaxSlices)
      message.fail_message("found over ", kMaxSlices, " slices of a tensor");
  }
  check_variable_name(file.name, name);
  if (!has_dtype) fail(ErrorCode::kBadData, place_of(file.name, name), ": found no dtype");
  return result;
}

// A tensor must fit in its file, where every value has a byte or more, and its slices in it.
void check_tensor(const PlacedBytes& file, const std::string& name, StoredTensor& tensor) {
  const std::string place = place_of(file.name, name);
  const auto size = array_bytes(tensor.info.shape, tensor.info.dtype);
  if (!size || *size > file.size + kRoomForATensor)
    fail(ErrorCode::kBadData, place, ": found the shape ", shape_string(tensor.info.shape),
         ", wanted one that fits in the ", file.size, " bytes of the file");
  for (StoredSlice& slice : tensor.slices) {
    if (slice.key.size() != tensor.info.shape.size())
      fail(ErrorCode::kBadData, place, ": found a slice of ", slice.key.size(),
           " dimensions, wanted ", tensor.info.shape.size());
    slice.extents = with_lengths(place, slice.key, tensor.info.shape);
  }
}

// Gathers what the headers of all files announce.
class Announced {
 public:
  // The header is the value of the empty key.
  void add_file(const Table& table, size_t number) {
    const PlacedBytes& file = table.file();
    const std::string place = file.name + ": header";
    const bool has_header = table.find("", [&](std::string_view, std::span<const std::byte> value) {
      if (value.size() > kMaxMetaBytes)
        fail(ErrorCode::kBadData, place, ": found ", value.size(), " bytes, wanted at most ",
             kMaxMetaBytes);
      FieldReader saved(place, value);
      for (Field part; saved.next(part);)
        if (part.number == 1) add_meta(file, number, saved.message(part));
    });
    if (!has_header) fail(ErrorCode::kBadData, place, ": found none, wanted that of a checkpoint");
  }
  // All slices of each tensor, which cover it.
  std::map<std::string, StoredTensor> tensors(const std::string& name) && {
    for (const auto& [tensor, stored] : tensors_) {
      const std::string place = place_of(name, tensor);
      if (stored.slices.size() > kMaxSlices)
        fail(ErrorCode::kBadData, place, ": found over ", kMaxSlices, " slices");
      std::vector<TensorSlice> extents;
      for (const StoredSlice& slice : stored.slices) extents.push_back(slice.extents);
      check_cover(place, extents, stored.info);
    }
    return std::move(tensors_);
  }

 private:
  void add_meta(const PlacedBytes& file, size_t number, std::span<const std::byte> bytes) {
    const std::string place = file.name + ": header";
    FieldReader meta(place, bytes);
    for (Field field; meta.next(field);) {
      if (field.number == 2) check_version(place, meta.message(field));
      if (field.number != 1) continue;
      auto [name, tensor] = parse_tensor(file, number, meta.message(field));
      check_tensor(file, name, tensor);
      found_ += 1 + tensor.slices.size();
      if (found_ > kMaxFound) meta.fail_message("found over ", kMaxFound, " tensors and slices");
      add(file, name, std::move(tensor));
    }
  }
  void add(const PlacedBytes& file, const std::string& name, StoredTensor tensor) {
    const auto at = tensors_.find(name);
    if (at == tensors_.end()) {
      tensors_.emplace(name, std::move(tensor));
      return;
    }
    StoredTensor& other = at->second;
    if (other.info.shape != tensor.info.shape || other.info.dtype != tensor.info.dtype)
      fail(ErrorCode::kBadData, place_of(file.name, name),
           ": found it in two files with other shapes or types");
    other.slices.insert(other.slices.end(), tensor.slices.begin(), tensor.slices.end());
  }

  std::map<std::string, StoredTensor> tensors_;
  size_t found_ = 0;  // tensors and slices
};

// Puts the values of a TensorProto into `to`, whose dtype is known.
class ValueReader {
 public:
  ValueReader(const std::string& place, DType dtype, std::span<std::byte> to)
      : place_(place), dtype_(dtype), to_(to) {}

  void read(std::span<const std::byte> proto) {
    FieldReader message(place_, proto);
    for (Field field; message.next(field);) {
      if (field.number == 1 && dtype_of(message, message.number(field)) != dtype_)
        message.fail_message("found data of another type than ", dtype_);
      if (field.number == kContent) put(message.message(field));
      if (field.number == field_of(dtype_)) read_values(message, field);
    }
    if (done_ != to_.size())
      fail(ErrorCode::kBadData, place_, ": found ", done_, " bytes of values, wanted ", to_.size());
  }

 private:
  static constexpr uint64_t kContent = 4;  // tensor_content, the bytes of all values

  static uint64_t field_of(DType dtype) {
    switch (dtype) {
      case DType::kF32: return 5;
      case DType::kF64: return 6;
      case DType::kI64: return 10;
      case DType::kBF16:
      case DType::kF16: return 13;
      default: return 7;  // int_val, of all narrow integers
    }
  }
  void read_values(const FieldReader& message, const Field& field) {
    const bool is_fixed = dtype_ == DType::kF32 || dtype_ == DType::kF64;
    if (message.is_packed() && is_fixed) return put(field.bytes);
    if (message.is_packed()) {
      ByteReader values(place_, field.bytes);
      while (values.remaining() > 0) put_number(read_varint(values, "a value"));
      return;
    }
    if (dtype_ == DType::kF32) return put_number(message.fixed32(field));
    put_number(is_fixed ? message.fixed64(field) : message.number(field));
  }
  void put_number(uint64_t value) {  // its low bytes: numbers are little-endian here and there
    put(std::as_bytes(std::span(&value, 1)).first(size_of(dtype_)));
  }
  void put(std::span<const std::byte> bytes) {
    if (bytes.size() > to_.size() - done_)
      fail(ErrorCode::kBadData, place_, ": found more values than the ", to_.size(),
           " bytes that its shape takes");
    if (!bytes.empty()) std::memcpy(to_.data() + done_, bytes.data(), bytes.size());
    done_ += bytes.size();
  }

  const std::string& place_;
  DType dtype_;
  std::span<std::byte> to_;
  size_t done_ = 0;
};

class TfV1 final : public WeightSource {
 public:
  TfV1(const std::string& name, std::vector<PlacedBytes> files) : name_(name) {
    Announced announced;
    for (PlacedBytes& file : files) {
      tables_.emplace_back(std::move(file));
      announced.add_file(tables_.back(), tables_.size() - 1);
    }
    stored_ = std::move(announced).tensors(name_);
    for (const auto& [tensor, stored] : stored_) tensors_.emplace(tensor, stored.info);
  }

  std::string name() const override { return name_; }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    const StoredTensor& stored = stored_.at(tensor);
    for (const StoredSlice& slice : stored.slices) {
      if (stored.slices.size() == 1) return read_slice(tensor, stored.info, slice, to);
      std::vector<std::byte> values(*array_bytes(shape_of(slice.extents), stored.info.dtype));
      read_slice(tensor, stored.info, slice, values);
      place_slice(slice.extents, stored.info, values, to);
    }
  }
  void check_unchanged() const override {
    for (const Table& table : tables_) table.file().check_unchanged();
  }

 private:
  void read_slice(const std::string& tensor, const TensorInfo& info, const StoredSlice& slice,
                  std::span<std::byte> to) const {
    const Table& table = tables_.at(slice.file);
    const std::string place = place_of(table.file().name, tensor);
    size_t found = 0;
    const auto read_data = [&](std::string_view, std::span<const std::byte> value) {
      FieldReader saved(place, value);
      for (Field part; saved.next(part);)
        if (part.number == 2) found += read_saved_slice(place, info.dtype, saved.message(part), to);
    };
    if (!table.find(slice_key(tensor, slice.key), read_data) || found != 1)
      fail(ErrorCode::kBadData, place, ": found ", found, " values of a slice, wanted one");
  }
  // The TensorProto of a SavedSlice; how many there were.
  static size_t read_saved_slice(const std::string& place, DType dtype,
                                 std::span<const std::byte> bytes, std::span<std::byte> to) {
    FieldReader data(place, bytes);
    size_t found = 0;
    for (Field field; data.next(field);) {
      if (field.number != 3) continue;
      ValueReader(place, dtype, to).read(data.message(field));
      ++found;
    }
    return found;
  }

  std::string name_;
  std::vector<Table> tables_;
  std::map<std::string, StoredTensor> stored_;
  std::map<std::string, TensorInfo> tensors_;
};

}  // namespace

V1Name v1_name(const std::string& file) {
  if (fnmatch(kOfSeveral, file.c_str(), 0) != 0) return {file, 1};
  return {file.substr(0, file.size() - kOfSeveralSize),
          std::stoull(file.substr(file.size() - kDigits))};
}

bool is_tf_v1(const fs::path& file) {
  std::error_code ignored;
  return file.extension() != ".index" && fs::is_regular_file(file, ignored) &&
         ends_as_table(open_bytes(file));
}

std::unique_ptr<const WeightSource> join_tf_v1(const std::string& name,
                                               std::vector<PlacedBytes> files) {
  return std::make_unique<const TfV1>(name, std::move(files));
}

std::unique_ptr<const WeightSource> open_tf_v1(const fs::path& file) {
  const V1Name name = v1_name(file.filename().string());
  if (name.name == file.filename()) {
    std::vector<PlacedBytes> one;
    one.push_back(open_bytes(file));
    return join_tf_v1(file.string(), std::move(one));
  }
  std::vector<PlacedBytes> files;
  for (uint64_t i = 0; i < name.files; ++i) {
    std::array<char, 32> ending{};
    std::snprintf(ending.data(), ending.size(), "-%05u-of-%05u", static_cast<unsigned>(i),
                  static_cast<unsigned>(name.files));
    files.push_back(open_bytes(file.parent_path() / (name.name + ending.data())));
  }
  return join_tf_v1((file.parent_path() / name.name).string(), std::move(files));
}

}  // namespace albert
