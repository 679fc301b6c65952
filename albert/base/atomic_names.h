#pragma once
// What atomic files and folders share. Not installed.
#include <filesystem>
#include <string>

namespace albert {

std::string random_suffix();  // ".<16 hex digits>.tmp"

// Makes the folder's own entries durable; gives errno, 0 where all went well. Some file systems
// cannot and say EINVAL: there rename is all there is.
int sync_folder(const std::filesystem::path& folder);

}  // namespace albert
