#pragma once
// Finds the NVIDIA GPUs of this machine and says whether this build can use them.
#include <cstddef>
#include <string>
#include <vector>

#include "albert/kernels/dtype.h"

namespace albert::kernels {

struct Gpu {
  std::string name;          // "NVIDIA H200"
  int major = 0, minor = 0;  // compute capability
  int64_t memory = 0;        // bytes
};

// CUDA's versions as it counts them: 13000 is 13.0.
struct GpuFacts {
  int runtime = 0;      // version of CUDA in this build; 0: built without
  int driver = 0;       // the newest CUDA that the driver knows; 0: no driver
  int oldest_code = 0;  // oldest compute capability in this build, as 90 for 9.0
  std::vector<Gpu> gpus;
  std::string failure = {};  // why the GPUs could not be listed, in CUDA's words
};

GpuFacts find_gpus();  // starts no GPU

// Free memory in bytes. Starts the GPU's context; Error(kNoDevice).
int64_t free_memory(int gpu);

// Says in one line why GPU number `gpu` cannot compute in `dtype` and what would work; empty if it
// can.
std::string why_unusable(const GpuFacts& facts, int gpu, DType dtype = DType::kF32);

// Bytes of workspace that a step on a GPU of compute capability `major`.x holds. Larger tiles of
// cuBLASLt want it, twice as much on Hopper by NVIDIA's advice; sums over rows take 26 MiB at most.
constexpr size_t advised_workspace(int major) { return size_t{major >= 9 ? 64U : 32U} << 20; }

std::string version_text(int cuda_version);  // 13000: "13.0"
std::string text_of(const Gpu& gpu);         // "NVIDIA H200, compute capability 9.0, 140 GiB"

}  // namespace albert::kernels
