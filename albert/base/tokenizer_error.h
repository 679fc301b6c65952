#pragma once
#include <stdexcept>
#include <string>

namespace albert {

// What this folder throws: a file or text that is not what it must be, or is not there.
class TokenizerError : public std::runtime_error {
 public:
  enum class Kind : uint8_t { kBadData, kMissing };
  TokenizerError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

}  // namespace albert
