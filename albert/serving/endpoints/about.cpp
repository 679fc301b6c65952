// What a server says of itself: /info, /health and /metrics.
#include "albert/serving/endpoints/common.h"

#include <nlohmann/json.hpp>

namespace albert::serving {
namespace {

using nlohmann::ordered_json;

const char* name_of(Precision precision) {
  switch (precision) {
    case Precision::kF64: return "float64";
    case Precision::kBF16: return "bfloat16";
    case Precision::kF16: return "float16";
    case Precision::kF32: break;
  }
  return "float32";
}

}  // namespace

Endpoint info_endpoint(const ServedModel& model, const ServerOptions& options,
                       const std::string& served_model) {
  Endpoint e{"GET", "/info", "The model and the limits of this server."};
  e.answers = R"({"model_id": "sst2", "max_input_length": 512})";
  const std::string text =
      ordered_json({{"model_id", served_model},
                    {"model_sha", nullptr},
                    {"model_dtype", name_of(model.model().precision())},
                    {"model_type", ordered_json::parse(model.kind())},
                    {"max_concurrent_requests", options.max_concurrent_requests},
                    {"max_input_length", model.max_input_length()},
                    {"max_batch_tokens", options.max_batch_tokens},
                    {"max_batch_requests", nullptr},
                    {"max_client_batch_size", options.max_client_batch_size},
                    {"max_queued_tokens", options.max_queued_tokens},
                    {"payload_limit", options.payload_limit},
                    {"request_timeout_ms", options.request_timeout.count()},
                    {"auto_truncate", options.auto_truncate},
                    {"vocab_size", model.tokenizer().vocab_size()},
                    {"version", ALBERT_VERSION}})
          .dump();
  e.answer = [text](const Call&) { return text; };
  return e;
}

Endpoint health_endpoint() {
  Endpoint e{"GET", "/health", "200 while the server takes requests."};
  e.answers = R"({"status": "ok"})";
  e.answer = [](const Call&) { return std::string(R"({"status":"ok"})"); };
  e.open = true;
  return e;
}

Endpoint metrics_endpoint(const Metrics& metrics) {
  Endpoint e{"GET", "/metrics", "Counters and histograms in Prometheus's text format."};
  e.answer = [&metrics](const Call&) { return metrics.prometheus(); };
  e.content_type = "text/plain; version=0.0.4";
  return e;
}

}  // namespace albert::serving
