#include "albert/kernels/profile.h"

#include <algorithm>

#include "albert/kernels/profile_scope.h"

namespace albert::kernels {
namespace {

using Clock = std::chrono::steady_clock;

Profile* profile_of(const Stream& stream) {
  return stream.device == Device::kMeta ? nullptr : stream.profile;
}

const char* name_of(const MatmulShape& shape) {
  if (shape.packed) return "linear";
  if (shape.transpose_a) return "matmul (weight gradients)";
  return "matmul";
}

void add(Profile& profile, const char* kernel, const MatmulShape* shape, double seconds) {
  KernelUse& use = profile.kernels[kernel];
  ++use.calls;
  use.seconds += seconds;
  if (!shape) return;
  KernelUse& product = profile.matmuls[*shape];
  ++product.calls;
  product.seconds += seconds;
}

// Of calls within calls, the one that began last ends first.
void begin_queued(Profile& profile, const char* kernel, const MatmulShape* shape) {
  profile.queued.push_back(
      {kernel, shape ? std::optional(*shape) : std::nullopt, profile.clock->mark(), {}});
}
void end_queued(Profile& profile) {
  const auto last = std::find_if(profile.queued.rbegin(), profile.queued.rend(),
                                 [](const QueuedCall& call) { return !call.to; });
  last->to = profile.clock->mark();
}

}  // namespace

void collect(Profile& profile) {
  for (const QueuedCall& call : profile.queued)
    add(profile, call.kernel, call.shape ? &*call.shape : nullptr,
        profile.clock->seconds_between(call.from, *call.to));
  profile.queued.clear();
  profile.clock = nullptr;
}

ProfileScope::ProfileScope(const Stream& stream, const char* kernel)
    : profile_(profile_of(stream)), kernel_(kernel) {
  if (profile_ && profile_->clock) begin_queued(*profile_, kernel_, nullptr);
  start_ = Clock::now();
}

ProfileScope::ProfileScope(const Stream& stream, const MatmulShape& shape)
    : profile_(profile_of(stream)), kernel_(name_of(shape)), shape_(&shape) {
  if (profile_ && profile_->clock) begin_queued(*profile_, kernel_, shape_);
  start_ = Clock::now();
}

ProfileScope::~ProfileScope() {
  if (!profile_) return;
  if (profile_->clock)
    end_queued(*profile_);
  else
    add(*profile_, kernel_, shape_, std::chrono::duration<double>(Clock::now() - start_).count());
}

}  // namespace albert::kernels
