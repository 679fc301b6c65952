#pragma once
#include <cstring>
#include <span>
#include <string>

namespace albert::serving {

// The bytes of these numbers, little-endian f32 as OpenAI's clients expect them, in RFC 4648's
// base64.
inline std::string base64(std::span<const float> values) {
  constexpr const char* kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes(values.size_bytes(), '\0'), text;
  std::memcpy(bytes.data(), values.data(), values.size_bytes());
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (size_t i = 0; i < 4; ++i)
      text += at + i <= bytes.size() ? kDigits[group >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

}  // namespace albert::serving
