#pragma once
#include <cstddef>
#include <filesystem>
#include <string>

namespace albert {

// XXH3, 128 bits, as 32 hex digits (what `xxh128sum` prints).
std::string xxh3_128(const void* data, size_t size);
std::string xxh3_128_of_file(const std::filesystem::path& path);  // Error as InputFile

}  // namespace albert
