#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace albert {

// XXH3, 128 bits, as 32 hex digits (what `xxh128sum` prints).
std::string xxh3_128(const void* data, size_t size);
std::pair<uint64_t, uint64_t> xxh3_128_numbers(const void* data, size_t size);  // low, high
std::string xxh3_128_of_file(const std::filesystem::path& path);  // Error as InputFile

// Puts the bytes of numbers behind those that a checksum will be of.
template <class T>
void append_bytes(std::string& bytes, const std::vector<T>& values) {
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

}  // namespace albert
