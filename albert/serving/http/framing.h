#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace albert::serving {

struct FramingLimits {
  size_t head_bytes = 8192;       // of the request line and all headers: 431
  size_t target_bytes = 1024;     // of the address in the request line: 414
  size_t body_bytes = 2'000'000;  // 413
};

// Finds where a request ends in what a connection receives (RFC 9112 6.3). Whoever could make two
// readers see two requests is refused: a length beside chunks, two lengths, a bare line feed. What
// the head says otherwise is cpp-httplib's to read.
class Framing {
 public:
  explicit Framing(const FramingLimits& limits) : limits_(limits) {}

  // `received`: everything from the request's first byte on; longer at every call. Throws HttpError
  // 400, 411, 413, 414, 415, 417, 431 or 501 as soon as the request is known to be refused. Returns
  // its size in bytes, 0 as long as it is not complete.
  size_t complete_size(std::string_view received);

  // The head is complete and the client waits for "100 Continue" before it sends the body. True
  // once.
  bool take_continue();

 private:
  void read_head(std::string_view head);
  void read_field(std::string_view name, std::string_view value);
  size_t chunked_size(std::string_view received);
  size_t with_body(size_t size) const;

  FramingLimits limits_;
  size_t searched_ = 0;   // no head ends before here
  size_t head_size_ = 0;  // 0: not complete
  bool has_length_ = false, chunked_ = false, trailer_ = false, wants_continue_ = false;
  uint64_t length_ = 0;
  size_t next_chunk_ = 0, chunk_bytes_ = 0;  // where the next chunk begins; bytes of data so far
};

}  // namespace albert::serving
