#pragma once
#include <chrono>

#include "albert/kernels/stream.h"

namespace albert::kernels {

struct MatmulShape;

// Adds its lifetime to the stream's profile (profile.h), if there is one and the call is not a dry
// run.
class ProfileScope {
 public:
  ProfileScope(const Stream& stream, const char* kernel);
  ProfileScope(const Stream& stream, const MatmulShape& shape);  // which must outlive this
  ~ProfileScope();
  ProfileScope(const ProfileScope&) = delete;
  ProfileScope& operator=(const ProfileScope&) = delete;

 private:
  Profile* profile_;
  const char* kernel_;
  const MatmulShape* shape_ = nullptr;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace albert::kernels
