#include "apps/cli/device.h"

#include <charconv>

#include "albert/kernels/backend.h"

namespace albert::apps {
namespace {

DeviceChoice automatic(DType dtype, const kernels::GpuFacts& facts) {
  for (size_t gpu = 0; gpu < facts.gpus.size(); ++gpu)
    if (kernels::why_unusable(facts, static_cast<int>(gpu), dtype).empty())
      return {Device::kCuda, static_cast<int>(gpu), ""};
  const bool something_is_there = facts.runtime != 0 && facts.driver != 0;
  return {Device::kCpu, 0, something_is_there ? kernels::why_unusable(facts, 0, dtype) : ""};
}

// 2 of "cuda:2", 0 of "cuda"; -1 of anything else.
int gpu_of(const std::string& wanted) {
  if (wanted == "cuda") return 0;
  if (wanted.rfind("cuda:", 0) != 0) return -1;
  int gpu = -1;
  const char *begin = wanted.data() + 5, *end = wanted.data() + wanted.size();
  const auto [stop, error] = std::from_chars(begin, end, gpu);
  return error == std::errc() && stop == end ? gpu : -1;
}

}  // namespace

DeviceChoice choose_device(const std::string& wanted, DType dtype, const kernels::GpuFacts& facts) {
  if (wanted == "cpu") return {};
  if (wanted == "auto") return automatic(dtype, facts);
  const int gpu = gpu_of(wanted);
  if (gpu < 0) fail(ErrorCode::kUsage, "--device ", wanted, ": use auto, cpu, cuda or cuda:N");
  const std::string why = kernels::why_unusable(facts, gpu, dtype);
  if (!why.empty()) fail(ErrorCode::kNoDevice, "--device ", wanted, ": ", why);
  return {Device::kCuda, gpu, ""};
}

std::string description(const DeviceChoice& choice, const kernels::GpuFacts& facts, int threads) {
  if (choice.device == Device::kCuda)
    return "cuda:" + std::to_string(choice.gpu) + ", " +
           kernels::text_of(facts.gpus.at(static_cast<size_t>(choice.gpu)));
  return kernels::make_backend({.threads = threads})->description() +
         (choice.note.empty() ? "" : " (no GPU: " + choice.note + ")");
}

}  // namespace albert::apps
