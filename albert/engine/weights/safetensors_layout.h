#pragma once
// The header of a safetensors file, on its own. Not installed.
#include <span>
#include <string_view>

#include "albert/base/atomic_file.h"
#include "albert/engine/weights/safetensors.h"

namespace albert {

inline constexpr uint64_t kSafetensorsPrefix = 8;               // bytes of the header's length
inline constexpr uint64_t kSafetensorsMaxHeader = 100'000'000;  // the format's own cap

struct SafetensorsEntry {
  std::string name;
  TensorInfo info;
  uint64_t begin = 0, end = 0;  // in the data, which starts after the header
};

// Entries in the order of their data, which they cover without gap or overlap.
struct SafetensorsLayout {
  std::vector<SafetensorsEntry> entries;
  std::map<std::string, std::string> metadata;
};

// Checks the length in the first 8 bytes against the file's size and returns it.
uint64_t safetensors_header_size(const std::string& name, std::span<const std::byte> prefix,
                                 uint64_t file_size);

// `header`: the JSON text; `data_size`: all bytes of the file after it. Error(kBadData).
SafetensorsLayout parse_safetensors_header(const std::string& name, std::string_view header,
                                           uint64_t data_size);

// A file's first bytes (length, JSON, padding) and the order in which its tensors follow.
struct SafetensorsPlan {
  std::string prologue;
  std::vector<std::string> tensors;
  uint64_t file_size = 0;
};
SafetensorsPlan plan_safetensors(const std::string& name,
                                 const std::map<std::string, TensorInfo>& tensors,
                                 const std::map<std::string, std::string>& metadata);
std::map<std::string, TensorInfo> infos_of(const std::map<std::string, HostTensor>& tensors);
void write_safetensors_to(AtomicFile& file, const SafetensorsPlan& plan,
                          const std::map<std::string, HostTensor>& tensors);

// As write_safetensors(), of tensors that are read when they are written, one at a time.
void write_safetensors(const std::filesystem::path& path, const WeightSource& weights,
                       const std::map<std::string, std::string>& metadata);

}  // namespace albert
