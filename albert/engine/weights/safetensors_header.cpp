#include <algorithm>
#include <optional>

#include "albert/base/byte_reader.h"
#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/engine/weights/safetensors_layout.h"

namespace albert {
namespace {

using nlohmann::json;

constexpr size_t kMaxRank = 64;
constexpr size_t kMaxNameBytes = 4096;

std::optional<DType> dtype_named(std::string_view name) {
  constexpr std::pair<std::string_view, DType> kNames[] = {
      {"F32", DType::kF32}, {"F64", DType::kF64}, {"BF16", DType::kBF16}, {"F16", DType::kF16},
      {"I32", DType::kI32}, {"I64", DType::kI64}, {"U8", DType::kU8},     {"BOOL", DType::kU8}};
  for (const auto& [known, dtype] : kNames)
    if (known == name) return dtype;
  return std::nullopt;
}

// One tensor's object {"dtype": .., "shape": .., "data_offsets": ..}.
class EntryReader {
 public:
  EntryReader(const std::string& file, const std::string& tensor, const json& object)
      : file_(file), tensor_(tensor), object_(object) {}

  SafetensorsEntry read(uint64_t data_size) const {
    check_name();
    if (!object_.is_object()) fail_entry("found ", describe(object_), ", wanted an object");
    for (const auto& [key, value] : object_.items())
      if (key != "dtype" && key != "shape" && key != "data_offsets")
        fail_entry("unknown key ", in_quotes(key), ", wanted dtype, shape and data_offsets");
    SafetensorsEntry entry{tensor_, {dtype(), shape()}, 0, 0};
    std::tie(entry.begin, entry.end) = offsets(data_size);
    const auto bytes = array_bytes(entry.info.shape, entry.info.dtype);
    if (!bytes) fail_entry("impossible shape ", shape_string(entry.info.shape));
    if (*bytes != entry.end - entry.begin)
      fail_entry("shape ", shape_string(entry.info.shape), " of ", entry.info.dtype, " takes ",
                 *bytes, " bytes, data_offsets give ", entry.end - entry.begin);
    return entry;
  }

 private:
  void check_name() const {
    const bool control = std::any_of(tensor_.begin(), tensor_.end(),
                                     [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    if (tensor_.empty() || tensor_.size() > kMaxNameBytes || control)
      fail_entry("a name is 1 to ", kMaxNameBytes, " bytes without control characters");
  }
  const json& member(const char* key, bool (json::*is_right)() const noexcept,
                     const char* wanted) const {
    const auto found = object_.find(key);
    if (found == object_.end()) fail_entry("has no ", key);
    if (!((*found).*is_right)()) fail_entry(key, ": found ", describe(*found), ", wanted ", wanted);
    return *found;
  }
  uint64_t number(const char* key, const json& value) const {
    if (!value.is_number_unsigned())
      fail_entry(key, ": found ", describe(value), ", wanted an integer from 0 up");
    return value.get<uint64_t>();
  }
  DType dtype() const {
    const auto& name = member("dtype", &json::is_string, "a string").get_ref<const std::string&>();
    if (const auto known = dtype_named(name)) return *known;
    fail_entry("dtype: found ", in_quotes(name), ", wanted ",
               one_of({"F32", "F64", "BF16", "F16", "I32", "I64", "U8", "BOOL"}));
  }
  std::vector<int64_t> shape() const {
    const json& list = member("shape", &json::is_array, "a list of integers");
    if (list.size() > kMaxRank) fail_entry(list.size(), " dimensions, may be at most ", kMaxRank);
    std::vector<int64_t> dims;
    for (const json& value : list) {
      const uint64_t dim = number("shape", value);
      if (dim > static_cast<uint64_t>(INT64_MAX)) fail_entry("impossible dimension ", dim);
      dims.push_back(static_cast<int64_t>(dim));
    }
    return dims;
  }
  std::pair<uint64_t, uint64_t> offsets(uint64_t data_size) const {
    const json& list = member("data_offsets", &json::is_array, "[begin, end]");
    if (list.size() != 2)
      fail_entry("data_offsets: found ", list.size(), " values, wanted [begin, end]");
    const uint64_t begin = number("data_offsets", list[0]), end = number("data_offsets", list[1]);
    if (begin > end) fail_entry("data_offsets [", begin, ", ", end, "] end before they begin");
    if (end > data_size)
      fail_entry("data_offsets [", begin, ", ", end, "] go beyond the ", data_size,
                 " bytes of data: is the file truncated?");
    return {begin, end};
  }
  template <class... Parts>
  [[noreturn]] void fail_entry(const Parts&... parts) const {
    fail(ErrorCode::kBadData, file_, ": tensor ", in_quotes(tensor_), ": ", parts...);
  }

  const std::string& file_;
  const std::string& tensor_;
  const json& object_;
};

std::map<std::string, std::string> read_metadata(const std::string& name, const json& object) {
  if (!object.is_object())
    fail(ErrorCode::kBadData, name, ": __metadata__: found ", describe(object),
         ", wanted an object");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : object.items()) {
    if (!value.is_string())
      fail(ErrorCode::kBadData, name, ": __metadata__: ", in_quotes(key), ": found ",
           describe(value), ", wanted a string");
    metadata.emplace(key, value.get<std::string>());
  }
  return metadata;
}

void check_cover(const std::string& name, const std::vector<SafetensorsEntry>& entries,
                 uint64_t data_size) {
  uint64_t covered = 0;
  for (const auto& entry : entries) {
    if (entry.begin != covered)
      fail(ErrorCode::kBadData, name, ": tensor ", in_quotes(entry.name), ": its data begin at ",
           entry.begin, ", ",
           entry.begin < covered ? "inside another tensor that ends at " : "after a gap from ",
           covered);
    covered = entry.end;
  }
  if (covered != data_size)
    fail(ErrorCode::kBadData, name, ": the tensors end at byte ", covered,
         " of the data, which has ", data_size);
}

}  // namespace

uint64_t safetensors_header_size(const std::string& name, std::span<const std::byte> prefix,
                                 uint64_t file_size) {
  ByteReader reader(name, prefix);
  const uint64_t size = reader.u64_at_most(kSafetensorsMaxHeader, "header length");
  if (size > file_size - kSafetensorsPrefix)
    reader.fail_here("the header needs ", size, " bytes, ", file_size - kSafetensorsPrefix,
                     " are left: is the file truncated?");
  return size;
}

SafetensorsLayout parse_safetensors_header(const std::string& name, std::string_view header,
                                           uint64_t data_size) {
  if (!header.starts_with('{'))
    fail(ErrorCode::kBadData, name,
         ": byte 8: a safetensors header begins with {: is this a safetensors file?");
  const json object = parse_json(name + ": header", header);
  SafetensorsLayout layout;
  for (const auto& [key, value] : object.items()) {
    if (key == "__metadata__")
      layout.metadata = read_metadata(name, value);
    else
      layout.entries.push_back(EntryReader(name, key, value).read(data_size));
  }
  std::sort(layout.entries.begin(), layout.entries.end(), [](const auto& a, const auto& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  check_cover(name, layout.entries, data_size);
  return layout;
}

}  // namespace albert
