#pragma once
#include <span>
#include <string>

namespace albert {

struct FileToZip {
  std::string name;  // ASCII
  std::string bytes;
};

// A .zip file of these, deflated, without ZIP64. It knows no time, so that the same entries give
// the same bytes.
std::string zip_of(std::span<const FileToZip> entries);

}  // namespace albert
