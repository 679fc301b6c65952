#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "albert/heads/pretrained_model.h"
#include "albert/serving/endpoint.h"
#include "albert/serving/metrics.h"
#include "albert/serving/options.h"
#include "albert/tokenizer/tokenizer.h"

namespace albert::serving {

// A model behind a server, with the endpoints that its head can answer. Any thread may call them.
class ServedModel {
 public:
  virtual ~ServedModel() = default;
  virtual std::vector<Endpoint> endpoints() = 0;
  virtual std::string kind() const = 0;  // what it is for, as a JSON object: {"classifier": ..}
  virtual const AlbertPreTrainedModel& model() const = 0;
  virtual const Tokenizer& tokenizer() const = 0;
  virtual int64_t max_input_length() const = 0;           // tokens of a text or window
  virtual std::vector<std::string> warnings() const = 0;  // what was odd about the folder
};

struct ServedFolder {
  std::filesystem::path path;
  ModelOptions model;
  ServerOptions options;
  Metrics* metrics;
};

// The folder's model, by the head that its config.json names. Errors of from_pretrained;
// Error(kMismatch) for a head that no server has endpoints for.
std::unique_ptr<ServedModel> load_served_model(const ServedFolder& folder);

// The rows of that table, one for each kind.
std::unique_ptr<ServedModel> load_served_classifier(const ServedFolder& folder);
std::unique_ptr<ServedModel> load_served_answerer(const ServedFolder& folder);
std::unique_ptr<ServedModel> load_served_tagger(const ServedFolder& folder);
std::unique_ptr<ServedModel> load_served_chooser(const ServedFolder& folder);
std::unique_ptr<ServedModel> load_served_embedder(const ServedFolder& folder);
std::unique_ptr<ServedModel> load_served_mask_filler(const ServedFolder& folder);

}  // namespace albert::serving
