#include "apps/bench/gpu_model.h"

#include <algorithm>
#include <cmath>

#include "albert/base/error.h"

namespace albert::bench {
namespace {

constexpr double kTileRows = 128, kTileCols = 256;
constexpr double kWavesThatBalance =
    4;  // with this many waves, the last one's time is spread over the others
constexpr double kLastWave = 0.35;

struct Field {
  const char* name;
  double Gpu::*value;
};
constexpr Field kFields[] = {{"memory", &Gpu::memory},
                             {"bf16_flops", &Gpu::bf16_flops},
                             {"tf32_flops", &Gpu::tf32_flops},
                             {"f32_flops", &Gpu::f32_flops},
                             {"copy_bytes", &Gpu::copy_bytes},
                             {"kernel_bytes", &Gpu::kernel_bytes},
                             {"multiprocessors", &Gpu::multiprocessors},
                             {"tile_seconds", &Gpu::tile_seconds},
                             {"call_seconds", &Gpu::call_seconds},
                             {"attention_64_forward", &Gpu::attention_64_forward},
                             {"attention_64_backward", &Gpu::attention_64_backward},
                             {"attention_128_forward", &Gpu::attention_128_forward},
                             {"attention_128_backward", &Gpu::attention_128_backward}};

bool is_half(DType t) { return t == DType::kBF16 || t == DType::kF16; }

// Sequences of 128 use the tensor cores less fully than those of 512.
double busy_share(double length) {
  return std::clamp(0.6 + 0.2 * std::log2(length / 128), 0.6, 1.0);
}

// Head sizes without a kernel of their own, and f32, do not use tensor cores.
double attention_flops(const Gpu& gpu, const AttentionWork& work) {
  const bool large = work.head_size == 128;
  if (!is_half(work.dtype) || (!large && work.head_size != 64)) return gpu.f32_flops;
  const double longest = work.backward
                             ? (large ? gpu.attention_128_backward : gpu.attention_64_backward)
                             : (large ? gpu.attention_128_forward : gpu.attention_64_forward);
  return longest * busy_share(work.pairs / work.queries);
}

}  // namespace

// 790 and 4.3 TB/s were measured on an H200; the rates of other types are the same share of their
// data sheet (80 % of 494 and 67), those of attention are what its kernels aim at.
Gpu h200() {
  return {.name = "NVIDIA H200",
          .memory = 141e9,
          .bf16_flops = 790e12,
          .tf32_flops = 395e12,
          .f32_flops = 53e12,
          .copy_bytes = 4.3e12,
          .kernel_bytes = 3.7e12,
          .multiprocessors = 132,
          .tile_seconds = 2e-6,
          .call_seconds = 2.2e-6,
          .attention_64_forward = 400e12,
          .attention_64_backward = 300e12,
          .attention_128_forward = 500e12,
          .attention_128_backward = 340e12};
}

Gpu gpu_from(const nlohmann::json& fields) {
  if (!fields.is_object())
    fail(ErrorCode::kBadData, "a GPU is a JSON object of rates, such as {\"bf16_flops\": 790e12}");
  Gpu gpu = h200();
  for (auto field = fields.begin(); field != fields.end(); ++field) {
    const std::string& name = field.key();
    const auto* const known = std::find_if(std::begin(kFields), std::end(kFields),
                                           [&](const Field& f) { return f.name == name; });
    if (name == "name" && field->is_string())
      gpu.name = field->get<std::string>();
    else if (known == std::end(kFields) || !field->is_number() || !(field->get<double>() > 0))
      fail(ErrorCode::kBadData, "a GPU's ", name, " is ", field->dump(),
           ": known are name, and above 0 bf16_flops, tf32_flops, .. (docs/cli.md)");
    else
      gpu.*known->value = field->get<double>();
  }
  return gpu;
}

double matmul_seconds(const Gpu& gpu, const kernels::MatmulShape& shape, double bytes) {
  const double peak = is_half(shape.dtype) ? gpu.bf16_flops : gpu.tf32_flops;
  const double m = static_cast<double>(shape.m), n = static_cast<double>(shape.n),
               k = static_cast<double>(shape.k);
  const double tiles = std::ceil(m / kTileRows) * std::ceil(n / kTileCols);
  const double tile_flops = 2 * kTileRows * kTileCols * k;
  const double waves = tiles / gpu.multiprocessors;
  const double passes = waves < kWavesThatBalance ? std::ceil(waves) : waves + kLastWave;
  double seconds = passes * (tile_flops / (peak / gpu.multiprocessors) + gpu.tile_seconds);
  if (waves < kWavesThatBalance) {
    const double partial_sums = 3 * m * n * sizeof(float) / gpu.copy_bytes;
    seconds = std::min(seconds, tiles * tile_flops / peak + gpu.tile_seconds + partial_sums);
  }
  return std::max(seconds, memory_seconds(gpu, bytes));
}

double memory_seconds(const Gpu& gpu, double bytes) {
  return std::max(bytes / gpu.kernel_bytes, gpu.call_seconds);
}

double AttentionWork::flops() const {
  return (backward ? 10 : 4) * pairs * static_cast<double>(heads * head_size);
}

double attention_seconds(const Gpu& gpu, const AttentionWork& work, double bytes) {
  return std::max(work.flops() / attention_flops(gpu, work), memory_seconds(gpu, bytes));
}

}  // namespace albert::bench
