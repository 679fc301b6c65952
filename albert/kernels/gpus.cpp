#include "albert/kernels/gpus.h"

#include <sstream>

namespace albert::kernels {
namespace {

constexpr int kOldest = 80;  // asynchronous copies, bf16 in tensor cores

std::string capability(int number) {
  return std::to_string(number / 10) + "." + std::to_string(number % 10);
}

std::string count_text(size_t gpus) {
  if (gpus == 1) return "this machine has cuda:0 only";
  return "this machine has cuda:0 to cuda:" + std::to_string(gpus - 1);
}

std::string why_none(const GpuFacts& facts) {
  if (facts.runtime == 0)
    return "this build has no CUDA: --device cpu works (or configure with -DALBERT_CUDA=ON)";
  if (facts.driver == 0)
    return "this machine has no NVIDIA driver: install one, or use --device cpu";
  if (facts.driver / 1000 < facts.runtime / 1000)
    return "the NVIDIA driver is too old: it knows CUDA " + version_text(facts.driver) +
           ", this build needs " + version_text(facts.runtime) +
           ": update the driver, or use --device cpu";
  if (!facts.failure.empty())
    return "CUDA cannot list the GPUs (" + facts.failure + "): --device cpu works";
  if (facts.gpus.empty())
    return "the NVIDIA driver shows no GPU (is CUDA_VISIBLE_DEVICES set?): --device cpu works";
  return "";
}

std::string why_too_old(const GpuFacts& facts, const Gpu& gpu) {
  const int has = gpu.major * 10 + gpu.minor;
  if (has < kOldest)
    return "needs compute capability " + capability(kOldest) +
           " or newer: use another GPU, or --device cpu";
  if (has < facts.oldest_code)
    return "this build holds code for " + capability(facts.oldest_code) +
           " and newer: build with -DCMAKE_CUDA_ARCHITECTURES=" + std::to_string(has) +
           ", or use --device cpu";
  return "";
}

}  // namespace

std::string why_unusable(const GpuFacts& facts, int gpu, DType dtype) {
  if (const std::string why = why_none(facts); !why.empty()) return why;
  const std::string name = "cuda:" + std::to_string(gpu);
  if (gpu < 0 || static_cast<size_t>(gpu) >= facts.gpus.size())
    return "no " + name + ": " + count_text(facts.gpus.size());
  const Gpu& found = facts.gpus[static_cast<size_t>(gpu)];
  if (const std::string why = why_too_old(facts, found); !why.empty())
    return name + ", " + text_of(found) + ": " + why;
  if (dtype == DType::kF64)
    return name + " does not compute in f64: use --precision f32, or --device cpu";
  return "";
}

std::string version_text(int cuda_version) {
  return std::to_string(cuda_version / 1000) + "." + std::to_string(cuda_version % 1000 / 10);
}

std::string text_of(const Gpu& gpu) {
  std::ostringstream out;
  out << gpu.name << ", compute capability " << gpu.major << '.' << gpu.minor << ", "
      << (gpu.memory + (int64_t{1} << 29)) / (int64_t{1} << 30) << " GiB";
  return out.str();
}

}  // namespace albert::kernels
