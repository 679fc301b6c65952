#pragma once
#include <string>

#include "albert/heads/pretrained_model.h"
#include "albert/kernels/gpus.h"

namespace albert::apps {

struct DeviceChoice {
  Device device = Device::kCpu;
  int gpu = 0;
  std::string note;  // with auto: why the GPU that is there is not used; else empty
};

// What --device auto|cpu|cuda|cuda:N means on this machine. auto is the first GPU that can compute
// in `dtype`, else the CPU. Error(kUsage) for anything else, Error(kNoDevice) saying why that GPU
// cannot.
DeviceChoice choose_device(const std::string& wanted, DType dtype, const kernels::GpuFacts& facts);

// "cuda:0, NVIDIA H200, compute capability 9.0, 140 GiB"; "CPU, avx2, 2 threads", and the note.
std::string description(const DeviceChoice& choice, const kernels::GpuFacts& facts, int threads);

}  // namespace albert::apps
