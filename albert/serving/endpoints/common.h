#pragma once
#include <string>
#include <vector>

#include "albert/serving/served_model.h"

namespace albert::serving {

// Endpoints that do not depend on a model's head. What they are given must outlive them.
Endpoint tokenize_endpoint(const Tokenizer& tokenizer, const ServerOptions& options);
Endpoint decode_endpoint(const Tokenizer& tokenizer, const ServerOptions& options);
Endpoint info_endpoint(const ServedModel& model, const ServerOptions& options,
                       const std::string& served_model);
Endpoint health_endpoint();
Endpoint metrics_endpoint(const Metrics& metrics);
// A page on which the endpoints can be tried in a browser.
Endpoint page_endpoint();
// OpenAPI 3.1 of these endpoints and of itself.
Endpoint openapi_endpoint(const std::vector<Endpoint>& all, const std::string& served_model);

}  // namespace albert::serving
