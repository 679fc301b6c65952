#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "albert/engine/weights/weight_source.h"

namespace albert {

// Tensors by name plus the string-to-string "__metadata__" of the format.
struct TensorFile {
  std::map<std::string, HostTensor> tensors;
  std::map<std::string, std::string> metadata;
};

// Reads a complete .safetensors file (F32 F64 BF16 F16 I32 I64 U8 BOOL; BOOL becomes u8). Every
// number of the header is checked before it is used: Error(kBadData) "path: ... what, and what
// would be right" for a truncated, oversized (header over 100 MB), overlapping, gapped, duplicated
// or unknown-dtype entry; kMissingInput; kIo, also for a file that changes while it is read. Takes
// the memory of the tensors plus that of the header.
TensorFile read_safetensors(const std::filesystem::path& path);

// Makes the same checks and reads the tensors one by one, when they are asked for.
std::unique_ptr<const WeightSource> open_safetensors(const std::filesystem::path& path);

// Parses a file's bytes in memory; `name` stands for the path in messages. The fuzz target's entry.
TensorFile parse_safetensors(const std::string& name, const void* data, size_t size);

// Writes atomically (base/atomic_file.h). Header padded to 8 bytes; data by falling element size,
// then name, so that every tensor is aligned. Error(kIo); kBadData for names or metadata the format
// cannot hold.
void write_safetensors(const std::filesystem::path& path, const TensorFile& file);

}  // namespace albert
