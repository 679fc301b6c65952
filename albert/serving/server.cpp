#include "albert/serving/server.h"

#include "albert/base/error.h"
#include "albert/serving/endpoints/common.h"
#include "albert/serving/http/front.h"
#include "albert/serving/router.h"
#include "albert/serving/served_model.h"

namespace albert::serving {
namespace {

void check(const char* name, int64_t value, int64_t least, int64_t most = INT64_MAX) {
  if (value < least || value > most)
    fail(ErrorCode::kUsage, name, " ", value, ": wanted ", least,
         most == INT64_MAX ? " or more" : " to " + std::to_string(most));
}

ServerOptions checked(ServerOptions options, const std::filesystem::path& folder) {
  check("port", options.port, 0, 65535);
  check("max_batch_tokens", options.max_batch_tokens, 1);
  check("max_queued_tokens", options.max_queued_tokens, 1);
  check("max_concurrent_requests", options.max_concurrent_requests, 1, 4096);
  check("max_client_batch_size", options.max_client_batch_size, 1);
  check("payload_limit", options.payload_limit, 1, int64_t{1} << 30);
  check("max_connections", options.max_connections, 1);
  check("request_timeout", options.request_timeout.count(), 1);
  check("read_timeout", options.read_timeout.count(), 1);
  if (options.served_model.empty()) {
    const auto path = std::filesystem::absolute(folder).lexically_normal();
    options.served_model = (path.has_filename() ? path : path.parent_path()).filename().string();
  }
  return options;
}

std::vector<Endpoint> endpoints_of(ServedModel& model, const ServerOptions& options,
                                   const Metrics& metrics) {
  std::vector<Endpoint> all = model.endpoints();
  all.push_back(tokenize_endpoint(model.tokenizer(), options));
  all.push_back(decode_endpoint(model.tokenizer(), options));
  all.push_back(info_endpoint(model, options, options.served_model));
  all.push_back(health_endpoint());
  all.push_back(metrics_endpoint(metrics));
  all.push_back(page_endpoint());
  all.push_back(openapi_endpoint(all, options.served_model));
  return all;
}

}  // namespace

// In the order in which they use each other.
struct Server::Parts {
  Parts(const std::filesystem::path& folder, const ModelOptions& model_options,
        const ServerOptions& given)
      : options(checked(given, folder)),
        model(load_served_model({folder, model_options, options, &metrics})),
        endpoints(endpoints_of(*model, options, metrics)),
        router(endpoints, options, metrics),
        front(
            options, [this](const Request& request) { return router.answer(request); }, metrics) {}
  const ServerOptions options;
  Metrics metrics;
  std::unique_ptr<ServedModel> model;
  std::vector<Endpoint> endpoints;
  Router router;
  Front front;
};

Server::Server(const std::filesystem::path& folder, const ModelOptions& model,
               const ServerOptions& options)
    : parts_(std::make_unique<Parts>(folder, model, options)) {}
Server::~Server() = default;

int Server::port() const { return parts_->front.port(); }

std::vector<std::string> Server::paths() const {
  std::vector<std::string> paths;
  for (const Endpoint& endpoint : parts_->endpoints)
    paths.push_back(endpoint.method + " " + endpoint.path);
  return paths;
}

std::vector<std::string> Server::warnings() const { return parts_->model->warnings(); }
void Server::run() { parts_->front.run(); }
void Server::stop() { parts_->front.stop(); }
std::string Server::summary() { return parts_->metrics.summary(); }

}  // namespace albert::serving
