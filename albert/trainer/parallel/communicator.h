#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "albert/kernels/stream.h"

namespace albert {

using Bytes = std::span<std::byte>;
using ConstBytes = std::span<const std::byte>;

// The ranks of one job: processes that train the same model, each on its share of every batch.
// All ranks call the same members in the same order, and get the same bits from them. A call that
// a rank never makes, because it failed or is gone, is an Error for the others and no endless wait.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;  // 0 to size() - 1
  virtual int size() const = 0;
  // The rank that locks the output folder, writes to it, evaluates and speaks to the user.
  bool leads() const { return rank() == 0; }

  // Adds up f32 or f64 elements of GPUs over all ranks, in place. The sum is queued on the stream:
  // it reads what the work queued before has written, and the host does not wait for it. Sums in
  // the host's memory are GradientSum's.
  virtual void sum(const kernels::Stream& s, Tensor tensor) = 0;
  // Sends to[r] to each other rank r, and returns when from[r] holds what it sent to this one. The
  // sizes agree; nothing is sent where they are 0. The entries of the rank itself are not read.
  virtual void exchange(std::span<const ConstBytes> to, std::span<const Bytes> from) = 0;
  // Adds up numbers of the host over all ranks, in their order. Waits for hosts and for no device.
  virtual void sum(std::span<double> values);
  // Ends the job: what the other ranks wait in, or call next, throws an Error of the same code. The
  // first call counts.
  virtual void abort(const Error& error) noexcept = 0;

  double from_leader(double value);  // the leader's value, on every rank
  void barrier();                    // returns when all ranks are here
};

// How the ranks of this job reach each other.
struct CommunicatorOptions {
  // "self": one process alone; "mpi"; "auto": what the launcher says that this process is.
  std::string kind = "auto";
  // Seconds without a sign of life after which a rank counts as lost; 0: it may hang for ever.
  double timeout = 15;
};

// Error(kUsage) for a kind that is not there, or that the program was built without.
std::unique_ptr<Communicator> make_communicator(const CommunicatorOptions& options);

// Runs `work`. What it throws ends the other ranks too, before it goes on to the caller.
void abort_on_error(Communicator& ranks, const std::function<void()>& work);

}  // namespace albert
