#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "albert/serving/batch_queue.h"

namespace albert::serving {

// A request to an endpoint: its JSON body, empty of a GET.
struct Call {
  std::string_view body;
  Ticket ticket = {};
};

// One address of a server. The OpenAPI description is made of the same fields.
struct Endpoint {
  std::string method;             // "GET" or "POST"
  std::string path;               // "/predict"
  std::string summary;            // what it does, in a sentence
  std::string properties = "{}";  // JSON schemas of the body's keys; others are refused by name
  std::string required = "[]";    // JSON list of those that must be there
  std::string example = "{}";     // a body, and
  std::string answers = "{}";     // what comes back for it
  // The body of the answer. Throws HttpError, and Error(kBadData) for what the body says.
  std::function<std::string(const Call&)> answer = {};
  std::string content_type = "application/json";
  bool open = false;  // needs no API key
};

}  // namespace albert::serving
