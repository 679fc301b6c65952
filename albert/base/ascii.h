#pragma once
#include <string>

namespace albert {

// With the letters A to Z as a to z, and everything else as it is.
inline std::string ascii_lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace albert
