#pragma once
#include <string>
#include <utility>
#include <vector>

#include "albert/serving/batch_queue.h"

namespace albert::serving {

// A request whose body has arrived.
struct Request {
  std::string method;         // "GET", "POST", ..; a HEAD is a GET whose answer has no body
  std::string path;           // decoded, without a query
  std::string content_type;   // of the body; empty where the client does not say
  std::string authorization;  // the header of that name
  std::string body;
  Ticket ticket;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

}  // namespace albert::serving
