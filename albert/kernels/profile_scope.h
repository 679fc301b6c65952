#pragma once
#include <chrono>

#include "albert/kernels/stream.h"

namespace albert::kernels {

struct MatmulShape;

// Times its own life into the stream's profile (profile.h), where there is one and the call really
// runs.
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
