#pragma once
// The one exception type, its documented exit codes, and the check used for contracts.
#include <cstddef>
#include <sstream>
#include <stdexcept>
#include <string>

namespace albert {

// Values are the process exit codes of the programs (docs/cli.md). Libraries throw; apps exit.
enum class ErrorCode : int {
  kUsage = 2,          // wrong flags or arguments
  kBadData = 65,       // a file or input holds something it may not
  kMissingInput = 66,  // a file that must be there is not
  kNoDevice = 69,      // no usable device
  kInternal = 70,      // a broken contract: a bug of ours or of a caller of the C++ API
  kOutOfMemory = 71,
  kIo = 74,              // reading or writing failed
  kRankLost = 76,        // a process of the same job is gone
  kMismatch = 78,        // model, config, checkpoint or settings do not fit each other
  kDiverged = 80,        // training gave no finite gradients any more
  kReplicasDiffer = 81,  // the ranks of a job hold other weights: a faulty machine
};

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& what) : std::runtime_error(what), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

// kOutOfMemory of a device, with what was asked of it and what it has, in bytes.
class OutOfMemory : public Error {
 public:
  OutOfMemory(const std::string& what, size_t wanted, size_t free)
      : Error(ErrorCode::kOutOfMemory, what), wanted_(wanted), free_(free) {}
  size_t wanted() const { return wanted_; }
  size_t free() const { return free_; }

 private:
  size_t wanted_, free_;
};

// Joins the parts into one line and throws it: fail(ErrorCode::kBadData, path, ": ", why).
template <class... Parts>
[[noreturn]] void fail(ErrorCode code, const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  throw Error(code, out.str());
}

// Contracts inside the library. What a user can cause is reported with fail() in the user's terms
// instead.
#define ALBERT_CHECK(condition, ...)                                                   \
  do {                                                                                 \
    if (!(condition))                                                                  \
      ::albert::fail(::albert::ErrorCode::kInternal, __FILE__, ":", __LINE__,          \
                     ": check failed: " #condition __VA_OPT__(, " — ", ) __VA_ARGS__); \
  } while (false)

}  // namespace albert
