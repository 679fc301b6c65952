#pragma once
#include <stdexcept>
#include <string>

namespace albert::serving {

// An answer other than 200. `type` is one of text-embeddings-inference's error types: "Unhealthy",
// "Backend", "Overloaded", "Validation", "Tokenizer", "Empty".
class HttpError : public std::runtime_error {
 public:
  HttpError(int status, std::string type, const std::string& what)
      : std::runtime_error(what), status_(status), type_(std::move(type)) {}
  int status() const { return status_; }
  const std::string& type() const { return type_; }

 private:
  int status_;
  std::string type_;
};

}  // namespace albert::serving
