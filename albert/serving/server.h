#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "albert/heads/pretrained_model.h"
#include "albert/serving/options.h"

namespace albert::serving {

// A model folder behind HTTP: the endpoints that its head can answer, in the shapes of
// text-embeddings-inference, with dynamic batches over all clients.
class Server {
 public:
  // Reads the model and listens. Errors of from_pretrained; Error(kMismatch) for a head without
  // endpoints, Error(kUsage) for options that mean nothing, Error(kIo) where it cannot listen.
  Server(const std::filesystem::path& folder, const ModelOptions& model,
         const ServerOptions& options);
  ~Server();

  int port() const;
  std::vector<std::string> paths() const;     // of its endpoints, "POST /predict", ..
  std::vector<std::string> warnings() const;  // what was odd about the folder
  // Serves until stop(). Then what was received is answered, new requests get 503, and it returns.
  void run();
  // From any thread, and from a signal handler.
  void stop();
  // One line on the requests since it was called last. From any thread.
  std::string summary();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace albert::serving
