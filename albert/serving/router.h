#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "albert/serving/endpoint.h"
#include "albert/serving/http/message.h"
#include "albert/serving/metrics.h"
#include "albert/serving/options.h"

namespace albert::serving {

// Requests to the endpoints, errors to answers. Any thread may use it.
class Router {
 public:
  Router(std::vector<Endpoint> endpoints, const ServerOptions& options, Metrics& metrics);

  // Never throws. 401 without the key, 404 for an address that no server has, 424 for one of
  // another kind of model, 405, 415, and what the endpoint throws.
  Response answer(const Request& request) const;

 private:
  Response answer_or_throw(const Request& request, const Endpoint*& endpoint) const;
  const Endpoint& endpoint_of(const Request& request) const;
  void check_key(const Request& request) const;
  void log(const Request& request, const Response& response, Metrics::Duration duration) const;

  std::map<std::string, std::map<std::string, Endpoint>> by_path_;  // path, method
  const ServerOptions options_;
  Metrics& metrics_;
};

}  // namespace albert::serving
