#include "albert/tokenizer/utf8.h"

#include <utf8proc.h>

#include <algorithm>

namespace albert {
namespace {

// A form is a lead byte's sequence: its length (0 if no sequence begins so), the bits that the lead
// byte holds, and the least code point that may be written so long.
struct Form {
  int bytes;
  int32_t bits, least;
};
Form form_of(unsigned char lead) {
  if (lead < 0x80) return {1, lead, 0};
  if (lead >= 0xC2 && lead < 0xE0) return {2, lead & 0x1F, 0x80};
  if (lead >= 0xE0 && lead < 0xF0) return {3, lead & 0x0F, 0x800};
  if (lead >= 0xF0 && lead < 0xF5) return {4, lead & 0x07, 0x10000};
  return {0, 0, 0};
}

}  // namespace

int32_t next_code_point(std::string_view text, size_t& at) {
  const Form form = form_of(static_cast<unsigned char>(text[at]));
  if (form.bytes == 0 || text.size() - at < static_cast<size_t>(form.bytes)) return -1;
  int32_t code = form.bits;
  for (int i = 1; i < form.bytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[at + static_cast<size_t>(i)]);
    if ((byte & 0xC0) != 0x80) return -1;
    code = code << 6 | (byte & 0x3F);
  }
  if (code < form.least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return -1;
  at += static_cast<size_t>(form.bytes);
  return code;
}

int32_t read_code_point(std::string_view text, size_t& at) {
  const int32_t code = next_code_point(text, at);
  if (code >= 0) return code;
  ++at;
  return 0xFFFD;
}

size_t bytes_of_char(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(bytes, text.size() - at);
}

void append_utf8(std::string& text, int32_t code) {
  const auto byte = [&](int32_t value) { text.push_back(static_cast<char>(value)); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
  }
  byte(0x80 | (code & 0x3F));
}

size_t invalid_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();)
    if (static_cast<unsigned char>(text[at]) < 0x80)
      ++at;
    else if (next_code_point(text, at) < 0)
      return at;
  return std::string_view::npos;
}

int64_t count_code_points(std::string_view text) {
  int64_t n = 0;
  for (const char c : text) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return n;
}

std::string_view code_points(std::string_view text, int64_t begin, int64_t end) {
  size_t at = 0, from = text.size();
  int64_t point = 0;
  for (; at < text.size() && point < end; ++point) {
    if (point == begin) from = at;
    at += bytes_of_char(text, at);
  }
  return from < at ? text.substr(from, at - from) : std::string_view();
}

bool is_space(int32_t c) {
  if (c > 0x20 && c < 0x85) return false;  // nearly all of English
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool is_word_character(int32_t c) {
  if (c < 0x80)
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  const auto category = utf8proc_category(c);
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
         (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

bool is_blank(std::string_view text) {
  for (size_t at = 0; at < text.size();)
    if (!is_space(read_code_point(text, at))) return false;
  return true;
}

bool is_mark(int32_t c) {
  if (c < 0x300) return false;
  const auto category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

}  // namespace albert
