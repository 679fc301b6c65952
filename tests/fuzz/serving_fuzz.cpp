// Any bytes as a request, or as the body of one, to a server with a small model: it is refused or
// answered, with JSON that says which.
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "albert/serving/endpoints/common.h"
#include "albert/serving/http/exchange.h"
#include "albert/serving/http/framing.h"
#include "albert/serving/http_error.h"
#include "albert/serving/router.h"
#include "albert/serving/served_model.h"
#include "tests/support/classifiers.h"

namespace albert::serving {
namespace {

struct Small {
  Small() {
    std::string name = (std::filesystem::temp_directory_path() / "albert-fuzz-XXXXXX").string();
    const std::filesystem::path folder = mkdtemp(name.data());
    testing::write_classifier(folder, {{}, {"relevance"}},
                              std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model");
    model = load_served_model({folder, {.backend = {.threads = 1}}, options, &metrics});
    std::filesystem::remove_all(folder);
    auto endpoints = model->endpoints();
    endpoints.push_back(tokenize_endpoint(model->tokenizer(), options));
    endpoints.push_back(decode_endpoint(model->tokenizer(), options));
    for (const Endpoint& endpoint : endpoints) paths.push_back(endpoint.path);
    router = std::make_unique<Router>(endpoints, options, metrics);
    exchange = std::make_unique<Exchange>([this](const Request& r) { return router->answer(r); });
  }
  ServerOptions options;
  Metrics metrics;
  std::unique_ptr<ServedModel> model;
  std::vector<std::string> paths;
  std::unique_ptr<Router> router;
  std::unique_ptr<Exchange> exchange;
};

Small& small() {
  static Small one;
  return one;
}

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what.c_str());
  std::abort();
}

void check_body(const std::string& path, const std::string& body) {
  const Response response =
      small().router->answer({"POST", path, "application/json", "", body, {}});
  static const std::set<int> known{200, 400, 413, 422};
  require(known.count(response.status) == 1, "status " + std::to_string(response.status));
  const auto json = nlohmann::json::parse(response.body, nullptr, false);
  require(!json.is_discarded(), "no JSON: " + response.body);
  require(response.status == 200 || (json.contains("error") && json.contains("error_type")),
          "no error: " + response.body);
}

void check_request(const std::string& bytes) {
  Framing framing({});
  try {
    const size_t size = framing.complete_size(bytes);
    require(size <= bytes.size(), "larger than what was received");
    if (size == 0) return;
    const auto result =
        small().exchange->answer(std::string_view(bytes).substr(0, size), {}, false);
    require(result.closes || result.bytes.starts_with("HTTP/1.1 "), result.bytes);
  } catch (const HttpError& e) {
    require(e.status() >= 400 && e.status() <= 505, e.what());
  }
}

}  // namespace
}  // namespace albert::serving

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  albert::serving::small();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto& paths = albert::serving::small().paths;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t which = data[0] % (paths.size() + 1);
  if (which == paths.size())
    albert::serving::check_request(bytes);
  else
    albert::serving::check_body(paths[which], bytes);
  return 0;
}
