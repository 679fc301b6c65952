#pragma once
// Not installed.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

namespace albert {

// Bytes that are read in places: of a file, or of memory in tests.
struct PlacedBytes {
  std::string name;  // for messages
  uint64_t size = 0;
  std::function<void(uint64_t offset, std::span<std::byte> to)> read_at;  // of what lies within
  std::function<void()> check_unchanged;
};
PlacedBytes open_bytes(const std::filesystem::path& path);  // Error as InputFile

}  // namespace albert
