#include "albert/trainer/parallel/communicator.h"

#include <algorithm>
#include <new>
#include <utility>

#include "albert/base/error.h"
#include "albert/trainer/parallel/launcher.h"
#include "albert/trainer/parallel/mpi_communicator.h"
#include "albert/trainer/parallel/self_communicator.h"

namespace albert {
namespace {

std::unique_ptr<Communicator> make_self(const CommunicatorOptions&) {
  return std::make_unique<SelfCommunicator>();
}

using Maker = std::unique_ptr<Communicator> (*)(const CommunicatorOptions& options);

// A new communicator is a row of this table.
constexpr std::pair<const char*, Maker> kKinds[] = {{"self", make_self}, {"mpi", make_mpi}};

std::string kind_of(const CommunicatorOptions& options) {
  if (options.kind != "auto") return options.kind;
  const auto launched = launched_rank();
  return launched && launched->size > 1 ? "mpi" : "self";
}

}  // namespace

void Communicator::sum(std::span<double> values) {
  const auto ranks = static_cast<size_t>(size()), own = static_cast<size_t>(rank());
  std::vector<std::vector<double>> shares(ranks, std::vector<double>(values.size()));
  std::vector<ConstBytes> to(ranks, std::as_bytes(values));
  std::vector<Bytes> from;
  for (auto& share : shares) from.push_back(std::as_writable_bytes(std::span(share)));
  exchange(to, from);
  std::copy(values.begin(), values.end(), shares[own].begin());
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = shares[0][i];
    for (size_t r = 1; r < ranks; ++r) values[i] += shares[r][i];
  }
}

double Communicator::from_leader(double value) {
  double sum = leads() ? value : 0;
  this->sum({&sum, 1});
  return sum;
}

void Communicator::barrier() { from_leader(0); }

std::unique_ptr<Communicator> make_communicator(const CommunicatorOptions& options) {
  const std::string kind = kind_of(options);
  std::string names = "auto";
  for (const auto& [name, make] : kKinds) {
    if (kind == name) return make(options);
    names += ", " + std::string(name);
  }
  fail(ErrorCode::kUsage, "communicator: found ", kind, ", wanted one of ", names);
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
