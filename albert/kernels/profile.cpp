#include "albert/kernels/profile.h"

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

// On a GPU a kernel is only queued when its call returns.
Clock::time_point now_idle(const Profile& profile) {
  if (profile.wait) profile.wait();
  return Clock::now();
}

}  // namespace

ProfileScope::ProfileScope(const Stream& stream, const char* kernel)
    : profile_(profile_of(stream)), kernel_(kernel) {
  if (profile_) start_ = now_idle(*profile_);
}

ProfileScope::ProfileScope(const Stream& stream, const MatmulShape& shape)
    : profile_(profile_of(stream)), kernel_(name_of(shape)), shape_(&shape) {
  if (profile_) start_ = now_idle(*profile_);
}

ProfileScope::~ProfileScope() {
  if (!profile_) return;
  const double seconds = std::chrono::duration<double>(now_idle(*profile_) - start_).count();
  KernelUse& use = profile_->kernels[kernel_];
  ++use.calls;
  use.seconds += seconds;
  if (!shape_) return;
  KernelUse& product = profile_->matmuls[*shape_];
  ++product.calls;
  product.seconds += seconds;
}

}  // namespace albert::kernels
