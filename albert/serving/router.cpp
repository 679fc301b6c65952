#include "albert/serving/router.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <new>
#include <nlohmann/json.hpp>

#include "albert/base/ascii.h"
#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/serving/http/exchange.h"
#include "albert/serving/http_error.h"

namespace albert::serving {
namespace {

// Addresses that servers of other models have.
constexpr std::array<std::string_view, 9> kOfSomeModel{
    "/answer",  "/choose", "/embed",      "/entities",     "/fill-mask",
    "/predict", "/rerank", "/similarity", "/v1/embeddings"};

// In a time that does not tell how much of it is right.
bool same(std::string_view a, std::string_view b) {
  unsigned char differs = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size(); ++i)
    differs |= static_cast<unsigned char>(a[i] ^ (i < b.size() ? b[i] : 0));
  return differs == 0;
}

bool is_json(const std::string& content_type) {
  const std::string type = ascii_lower(content_type.substr(0, content_type.find(';')));
  return type.empty() || type == "application/json";
}

Response response_to(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kBadData:
    case ErrorCode::kUsage: return error_response(422, "Validation", error.what());
    case ErrorCode::kMismatch:
    case ErrorCode::kOutOfMemory: return error_response(424, "Backend", error.what());
    default: return error_response(500, "Backend", error.what());
  }
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

Router::Router(std::vector<Endpoint> endpoints, const ServerOptions& options, Metrics& metrics)
    : options_(options), metrics_(metrics) {
  for (Endpoint& endpoint : endpoints) {
    auto& methods = by_path_[endpoint.path];
    methods.emplace(endpoint.method, std::move(endpoint));
  }
}

void Router::check_key(const Request& request) const {
  if (options_.api_key.empty() || same(request.authorization, "Bearer " + options_.api_key)) return;
  throw HttpError(401, "Validation", "wanted the header Authorization: Bearer KEY");
}

const Endpoint& Router::endpoint_of(const Request& request) const {
  const auto methods = by_path_.find(request.path);
  if (methods == by_path_.end()) {
    check_key(request);
    if (std::find(kOfSomeModel.begin(), kOfSomeModel.end(), request.path) != kOfSomeModel.end())
      throw HttpError(424, "Backend",
                      "this model has no " + request.path +
                          "; GET /info says what "
                          "it is");
    throw HttpError(
        404, "Validation",
        "no such address: " + printable(request.path) + "; GET /openapi.json lists them");
  }
  const auto endpoint = methods->second.find(request.method);
  if (endpoint == methods->second.end()) {
    check_key(request);
    throw HttpError(405, "Validation", request.path + " wants " + methods->second.begin()->first);
  }
  return endpoint->second;
}

Response Router::answer_or_throw(const Request& request, const Endpoint*& endpoint) const {
  endpoint = &endpoint_of(request);
  if (!endpoint->open) check_key(request);
  if (request.method == "POST" && !is_json(request.content_type))
    throw HttpError(
        415, "Validation",
        "found Content-Type " + printable(request.content_type) + ", wanted application/json");
  Response response;
  response.content_type = endpoint->content_type;
  response.body = endpoint->answer({request.body, request.ticket});
  return response;
}

Response Router::answer(const Request& request) const {
  const auto begin = Clock::now();
  const Endpoint* endpoint = nullptr;
  Response response;
  try {
    response = answer_or_throw(request, endpoint);
  } catch (const HttpError& e) {
    response = error_response(e.status(), e.type(), e.what());
    if (e.status() == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    if (e.status() == 405)
      response.headers.emplace_back("Allow", by_path_.at(request.path).begin()->first);
  } catch (const Error& e) {
    response = response_to(e);
  } catch (const std::bad_alloc&) {
    response = error_response(503, "Overloaded", "out of memory");
  } catch (const std::exception& e) {
    response = error_response(500, "Backend", e.what());
  }
  const auto duration = Clock::now() - begin;
  metrics_.count_request(endpoint ? endpoint->path : "other", response.status, duration);
  if (options_.access_log) log(request, response, duration);
  return response;
}

void Router::log(const Request& request, const Response& response,
                 Metrics::Duration duration) const {
  const double milliseconds = std::chrono::duration<double, std::milli>(duration).count();
  options_.access_log(nlohmann::ordered_json({{"time", utc_now()},
                                              {"method", printable(request.method)},
                                              {"path", printable(request.path)},
                                              {"status", response.status},
                                              {"ms", milliseconds},
                                              {"bytes_in", request.body.size()},
                                              {"bytes_out", response.body.size()}})
                          .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace albert::serving
