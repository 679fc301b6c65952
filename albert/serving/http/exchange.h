#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "albert/serving/http/message.h"

namespace albert::serving {

// The bytes of a request to the bytes of its response, by cpp-httplib, which here reads from memory
// and writes to memory. One thread at a time may use it.
class Exchange {
 public:
  using Handler = std::function<Response(const Request&)>;
  // `keep_alive`: what clients are told of how long an idle connection stays open.
  explicit Exchange(Handler handler, std::chrono::seconds keep_alive = std::chrono::seconds(75));
  ~Exchange();

  struct Result {
    std::string bytes;    // empty: the request cannot be read
    bool closes = false;  // the connection ends behind it
  };
  // `request` is complete, as Framing says. `close`: the server ends the connection behind it.
  Result answer(std::string_view request, const Ticket& ticket, bool close);

 private:
  class Library;
  std::unique_ptr<Library> library_;
};

// {"error": .., "error_type": ..}, and Retry-After where it is 429 or 503.
Response error_response(int status, const std::string& type, const std::string& what);

// The bytes of a response that ends its connection, for requests that cannot be read.
std::string closing_bytes(const Response& response);

}  // namespace albert::serving
