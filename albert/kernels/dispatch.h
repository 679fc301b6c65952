#pragma once
// Brings a checked call to its implementation, and holds what all kernels share.
#include "albert/kernels/call_observer.h"
#include "albert/kernels/profile_scope.h"
#include "albert/kernels/stream.h"

namespace albert::kernels {

// Says what a backward kernel does to its destination. Parameter gradients are always added to.
enum class Grad : uint8_t { kIgnore, kAssign, kAdd };

// Declares a kernel's checked entry and its implementations: one per CPU instruction set, and CUDA.
#define ALBERT_KERNEL(...) \
  __VA_ARGS__;             \
  namespace cpu::generic { \
  __VA_ARGS__;             \
  }                        \
  namespace cpu::avx2 {    \
  __VA_ARGS__;             \
  }                        \
  namespace cpu::avx512 {  \
  __VA_ARGS__;             \
  }                        \
  namespace cuda {         \
  __VA_ARGS__;             \
  }

#if defined(ALBERT_WITH_CUDA)
#define ALBERT_CALL_CUDA(function, ...) cuda::function(__VA_ARGS__)
#else
#define ALBERT_CALL_CUDA(function, ...)          \
  ::albert::fail(::albert::ErrorCode::kNoDevice, \
                 #function ": built without CUDA (configure with -DALBERT_CUDA=ON)")
#endif

#if defined(__x86_64__)
#define ALBERT_CALL_CPU(function, stream, ...)                               \
  ((stream).isa == Isa::kAvx512 ? cpu::avx512::function(stream, __VA_ARGS__) \
   : (stream).isa == Isa::kAvx2 ? cpu::avx2::function(stream, __VA_ARGS__)   \
                                : cpu::generic::function(stream, __VA_ARGS__))
#else
#define ALBERT_CALL_CPU(function, stream, ...) cpu::generic::function(stream, __VA_ARGS__)
#endif

// Forwards a checked call to the stream's device. kMeta measures memory and runs nothing.
#define ALBERT_DISPATCH(function, stream, ...)                                             \
  do {                                                                                     \
    ::albert::kernels::observe((stream).observer, #function, __VA_ARGS__);                 \
    const ::albert::kernels::ProfileScope profile_scope(stream, #function);                \
    if ((stream).device == Device::kCpu) ALBERT_CALL_CPU(function, stream, __VA_ARGS__);   \
    if ((stream).device == Device::kCuda) ALBERT_CALL_CUDA(function, stream, __VA_ARGS__); \
  } while (false)

}  // namespace albert::kernels
