#include "albert/engine/weights/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <tuple>

#include "albert/base/byte_reader.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/engine/weights/safetensors_layout.h"

namespace albert {
namespace {

static_assert(std::endian::native == std::endian::little,
              "safetensors data is little-endian and copied as it is");

// The layout, and where the data begin in the file.
struct OpenedLayout {
  SafetensorsLayout layout;
  uint64_t data = 0;
};

OpenedLayout read_layout(const InputFile& file) {
  std::array<std::byte, kSafetensorsPrefix> prefix{};
  const uint64_t available = std::min<uint64_t>(file.size(), prefix.size());
  file.read_at(0, prefix.data(), available);
  const uint64_t size =
      safetensors_header_size(file.name(), std::span(prefix).first(available), file.size());
  std::string header(size, '\0');
  file.read_at(prefix.size(), header.data(), header.size());
  const uint64_t data = prefix.size() + size;
  return {parse_safetensors_header(file.name(), header, file.size() - data), data};
}

class SafetensorsWeights : public WeightSource {
 public:
  explicit SafetensorsWeights(const std::filesystem::path& path) : file_(path) {
    OpenedLayout opened = read_layout(file_);
    metadata_ = std::move(opened.layout.metadata);
    for (SafetensorsEntry& entry : opened.layout.entries) {
      offsets_.emplace(entry.name, opened.data + entry.begin);
      tensors_.emplace(std::move(entry.name), std::move(entry.info));
    }
  }

  std::string name() const override { return file_.name(); }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    file_.read_at(offsets_.at(tensor), to.data(), to.size());
  }
  void check_unchanged() const override { file_.check_unchanged(); }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  InputFile file_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, uint64_t> offsets_;  // in the file
};

const char* format_name(DType dtype) {
  switch (dtype) {
    case DType::kF32: return "F32";
    case DType::kF64: return "F64";
    case DType::kBF16: return "BF16";
    case DType::kF16: return "F16";
    case DType::kI32: return "I32";
    case DType::kI64: return "I64";
    case DType::kU8: return "U8";
  }
  return "?";
}

std::string little_endian(uint64_t value) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>((value >> shift) & 0xff);
  return bytes;
}

}  // namespace

TensorFile read_safetensors(const std::filesystem::path& path) {
  const SafetensorsWeights file(path);
  TensorFile result{{}, file.metadata()};
  for (const auto& [name, info] : file.tensors()) result.tensors.emplace(name, file.tensor(name));
  file.check_unchanged();
  return result;
}

std::unique_ptr<const WeightSource> open_safetensors(const std::filesystem::path& path) {
  return std::make_unique<const SafetensorsWeights>(path);
}

TensorFile parse_safetensors(const std::string& name, const void* data, size_t size) {
  const std::span bytes(static_cast<const std::byte*>(data), size);
  const uint64_t header_size = safetensors_header_size(name, bytes, size);
  ByteReader reader(name, bytes);
  reader.bytes(kSafetensorsPrefix, "header length");
  const std::string_view header = reader.text(header_size, "header");
  SafetensorsLayout layout = parse_safetensors_header(name, header, reader.remaining());
  TensorFile result{{}, std::move(layout.metadata)};
  for (auto& entry : layout.entries) {
    HostTensor tensor(entry.info.dtype, std::move(entry.info.shape));
    const auto from = reader.bytes(tensor.bytes(), "tensor");
    std::copy(from.begin(), from.end(), static_cast<std::byte*>(tensor.raw()));
    result.tensors.emplace(std::move(entry.name), std::move(tensor));
  }
  return result;
}

std::map<std::string, TensorInfo> infos_of(const std::map<std::string, HostTensor>& tensors) {
  std::map<std::string, TensorInfo> infos;
  for (const auto& [name, tensor] : tensors)
    infos.emplace(name, TensorInfo{tensor.dtype(), tensor.shape()});
  return infos;
}

SafetensorsPlan plan_safetensors(const std::string& name,
                                 const std::map<std::string, TensorInfo>& tensors,
                                 const std::map<std::string, std::string>& metadata) {
  using Item = const std::pair<const std::string, TensorInfo>*;
  std::vector<Item> items;
  for (const auto& item : tensors) items.push_back(&item);
  std::stable_sort(items.begin(), items.end(), [](Item a, Item b) {
    return size_of(a->second.dtype) > size_of(b->second.dtype);
  });
  SafetensorsPlan plan;
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t end = 0;
  for (const Item item : items) {
    const auto& [key, info] = *item;
    if (key == "__metadata__")
      fail(ErrorCode::kBadData, name, ": a tensor cannot be named __metadata__");
    const uint64_t begin = end;
    end += array_bytes(info.shape, info.dtype).value();
    header[key] = {
        {"dtype", format_name(info.dtype)}, {"shape", info.shape}, {"data_offsets", {begin, end}}};
    plan.tensors.push_back(key);
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    fail(ErrorCode::kBadData, name, ": a name or metadata of the tensors is not valid UTF-8");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > kSafetensorsMaxHeader)
    fail(ErrorCode::kBadData, name, ": too many tensors for one file");
  plan.prologue = little_endian(text.size()) + text;
  parse_safetensors_header(name, text, end);
  plan.file_size = plan.prologue.size() + end;
  return plan;
}

void write_safetensors_to(AtomicFile& file, const SafetensorsPlan& plan,
                          const std::map<std::string, HostTensor>& tensors) {
  file.write(plan.prologue);
  for (const std::string& name : plan.tensors) {
    const HostTensor& tensor = tensors.at(name);
    file.write(tensor.raw(), tensor.bytes());
  }
}

void write_safetensors(const std::filesystem::path& path, const TensorFile& file) {
  const SafetensorsPlan plan =
      plan_safetensors(path.string(), infos_of(file.tensors), file.metadata);
  AtomicFile out(path, plan.file_size);
  write_safetensors_to(out, plan, file.tensors);
  out.publish();
}

void write_safetensors(const std::filesystem::path& path, const WeightSource& weights,
                       const std::map<std::string, std::string>& metadata) {
  const SafetensorsPlan plan = plan_safetensors(path.string(), weights.tensors(), metadata);
  AtomicFile out(path, plan.file_size);
  out.write(plan.prologue);
  for (const std::string& name : plan.tensors) {
    const HostTensor tensor = weights.tensor(name);
    out.write(tensor.raw(), tensor.bytes());
  }
  out.publish();
}

}  // namespace albert
