#pragma once
// Not installed.
#include <filesystem>
#include <string>

namespace albert {

// What a file that find_weights() gave is, for a user to read: "PyTorch, sharded".
std::string weight_format(const std::filesystem::path& file);

}  // namespace albert
