#include "albert/trainer/parallel/communicator.h"

#include <new>
#include <utility>

#include "albert/base/error.h"
#include "albert/trainer/parallel/self_communicator.h"

namespace albert {
namespace {

std::unique_ptr<Communicator> make_self(const CommunicatorOptions&) {
  return std::make_unique<SelfCommunicator>();
}

using Maker = std::unique_ptr<Communicator> (*)(const CommunicatorOptions& options);

// A new communicator is a row of this table.
constexpr std::pair<const char*, Maker> kKinds[] = {{"self", make_self}};

}  // namespace

double Communicator::from_leader(double value) {
  double sum = leads() ? value : 0;
  this->sum({&sum, 1});
  return sum;
}

void Communicator::barrier() { from_leader(0); }

std::unique_ptr<Communicator> make_communicator(const CommunicatorOptions& options) {
  std::string names;
  for (const auto& [name, make] : kKinds) {
    if (options.kind == name) return make(options);
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  fail(ErrorCode::kUsage, "communicator: found ", options.kind, ", wanted one of ", names);
}

void abort_on_error(Communicator& ranks, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    ranks.abort(e);
    throw;
  } catch (const std::bad_alloc&) {
    ranks.abort(Error(ErrorCode::kOutOfMemory, "out of memory"));
    throw;
  } catch (const std::exception& e) {
    ranks.abort(Error(ErrorCode::kInternal, e.what()));
    throw;
  }
}

}  // namespace albert
