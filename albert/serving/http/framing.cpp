#include "albert/serving/http/framing.h"

#include <algorithm>
#include <charconv>

#include "albert/base/ascii.h"
#include "albert/serving/http_error.h"

namespace albert::serving {
namespace {

[[noreturn]] void refuse(int status, const std::string& what) {
  throw HttpError(status, "Validation", what);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_token(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOthers.find(c) != kOthers.npos;
  });
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

// All of the text as a number of this base.
bool is_number(std::string_view text, int base, uint64_t& value) {
  if (text.empty()) return false;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && stop == text.data() + text.size();
}

// The line at the front of `text`, taken off with its CRLF.
std::string_view take_line(std::string_view& text) {
  const size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}

}  // namespace

size_t Framing::complete_size(std::string_view received) {
  if (head_size_ == 0) {
    const size_t end = received.find("\r\n\r\n", searched_);
    const size_t size = end == received.npos ? received.size() : end + 4;
    if (size > limits_.head_bytes)
      refuse(431, "the head of the request has more than " + std::to_string(limits_.head_bytes) +
                      " bytes");
    if (end == received.npos) {
      searched_ = received.size() < 3 ? 0 : received.size() - 3;
      return 0;
    }
    read_head(received.substr(0, size));
    head_size_ = next_chunk_ = size;
  }
  if (chunked_) return chunked_size(received);
  const size_t all = head_size_ + static_cast<size_t>(length_);
  return received.size() >= all ? all : 0;
}

bool Framing::take_continue() {
  const bool wanted = wants_continue_ && head_size_ > 0;
  if (wanted) wants_continue_ = false;
  return wanted;
}

void Framing::read_head(std::string_view head) {
  head.remove_suffix(2);
  const std::string_view line = take_line(head);
  const size_t first = line.find(' '), last = line.rfind(' ');
  if (first == line.npos || first == last || !is_token(line.substr(0, first)) || !is_plain(line))
    refuse(400, "the first line is no request line of HTTP/1.1");
  if (const std::string_view version = line.substr(last + 1);
      version != "HTTP/1.1" && version != "HTTP/1.0")
    refuse(505, "wanted HTTP/1.1 or HTTP/1.0");
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.size() > limits_.target_bytes)
    refuse(414, "the address has more than " + std::to_string(limits_.target_bytes) + " bytes");
  if (target.empty() || target.find_first_of(" \t") != target.npos)
    refuse(400, "the address in the request line is empty or has a blank in it");
  while (!head.empty()) {
    const std::string_view field = take_line(head);
    const size_t colon = field.find(':');
    if (colon == field.npos || !is_token(field.substr(0, colon)) || !is_plain(field))
      refuse(400, "a header is not \"Name: value\" on a line of its own");
    read_field(field.substr(0, colon), trimmed(field.substr(colon + 1)));
  }
  if (chunked_ && has_length_) refuse(400, "found a Content-Length beside Transfer-Encoding");
  if (!chunked_ && !has_length_ && line.substr(0, first) == "POST")
    refuse(411, "a POST needs a Content-Length");
}

void Framing::read_field(std::string_view name, std::string_view value) {
  const std::string field = ascii_lower(std::string(name)), text = ascii_lower(std::string(value));
  if (field == "content-length") {
    if (has_length_) refuse(400, "Content-Length is there twice");
    if (!is_number(value, 10, length_)) refuse(400, "Content-Length is no number of bytes");
    has_length_ = true;
    with_body(length_ > limits_.body_bytes ? limits_.body_bytes + 1 : static_cast<size_t>(length_));
  } else if (field == "transfer-encoding") {
    if (chunked_ || text != "chunked") refuse(501, "wanted no Transfer-Encoding but chunked");
    chunked_ = true;
  } else if (field == "content-encoding") {
    if (text != "identity") refuse(415, "wanted a body that is not compressed");
  } else if (field == "expect") {
    if (text != "100-continue") refuse(417, "wanted no expectation but 100-continue");
    wants_continue_ = true;
  }
}

size_t Framing::with_body(size_t size) const {
  if (size > limits_.body_bytes)
    refuse(413, "the body has more than " + std::to_string(limits_.body_bytes) + " bytes");
  return size;
}

size_t Framing::chunked_size(std::string_view received) {
  constexpr size_t kLongestLine = 256;
  while (true) {
    const size_t end = received.find("\r\n", next_chunk_);
    if (end == received.npos || end - next_chunk_ > kLongestLine) {
      if (received.size() - next_chunk_ > kLongestLine + 1)
        refuse(400, "a line between chunks is too long");
      return 0;
    }
    const std::string_view line = received.substr(next_chunk_, end - next_chunk_);
    if (trailer_) {
      if (!line.empty()) refuse(400, "wanted no trailer behind the chunks");
      return end + 2;
    }
    uint64_t size = 0;
    if (!is_number(line, 16, size)) refuse(400, "a chunk does not begin with its size");
    if (size > limits_.body_bytes) size = limits_.body_bytes + 1;
    with_body(chunk_bytes_ + static_cast<size_t>(size));
    trailer_ = size == 0;
    const size_t next = end + 2 + (trailer_ ? 0 : static_cast<size_t>(size) + 2);
    if (next > received.size()) {
      trailer_ = false;
      return 0;
    }
    if (!trailer_ && received.substr(next - 2, 2) != "\r\n")
      refuse(400, "a chunk is not as long as its size says");
    chunk_bytes_ += static_cast<size_t>(size);
    next_chunk_ = next;
  }
}

}  // namespace albert::serving
