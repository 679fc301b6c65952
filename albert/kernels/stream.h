#pragma once
#include <cstddef>
#include <cstdint>

#include "albert/kernels/tensor.h"

namespace albert::kernels {

enum class Isa : uint8_t { kGeneric, kAvx2, kAvx512 };  // the CPU kernels are built once for each

class OneDnnContext;  // cpu/matmul_onednn.h: its engine, primitives, scratch per thread
class CublasContext;  // cuda/cublas/context.h: cuBLASLt's handle, its choices by shape
class CudnnContext;   // cuda/cudnn/context.h: cuDNN's handle and graphs
class CallObserver;   // call_observer.h
class ThreadPool;     // cpu/thread_pool.h
struct Profile;       // profile.h

// Where and how work runs: first argument of every kernel. Made by a Backend, copied freely.
struct Stream {
  Device device = Device::kCpu;
  Isa isa = Isa::kGeneric;
  bool vnni = false;                // CPU: isa's instructions for int8 are there
  int threads = 1;                  // CPU: how many share a kernel; results do not depend on it
  ThreadPool* pool = nullptr;       // CPU: the other threads, if any; owned by the Backend
  OneDnnContext* matmul = nullptr;  // CPU: owned by the Backend
  CublasContext* cublas = nullptr;  // CUDA: owned by the Backend
  CudnnContext* cudnn = nullptr;  // CUDA: who computes the attention it takes; owned by the Backend
  Profile* profile = nullptr;     // where calls are timed, if anywhere
  CallObserver* observer = nullptr;  // who is shown every call, if anyone
  // CUDA: memory of this stream alone that a kernel may use while it runs, 256-byte aligned:
  // matmuls take all, sums over rows some MiB, and refuse less; the caller's
  void* workspace = nullptr;
  size_t workspace_bytes = 0;
  void* queue =
      nullptr;  // CUDA: the cudaStream_t; emulated: a simt::Queue, or null for the plain one
};

}  // namespace albert::kernels
