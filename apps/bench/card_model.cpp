#include "apps/bench/card_model.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"

namespace albert::bench {
namespace {

constexpr double kTileRows = 128, kTileCols = 256;
constexpr double kWavesThatBalance = 4;  // from here on, the last wave is shared out among the others
constexpr double kLastWave = 0.35;

struct Field {
  const char* name;
  double Card::*value;
};
constexpr Field kFields[] = {{"memory", &Card::memory},
                             {"bf16_flops", &Card::bf16_flops},
                             {"tf32_flops", &Card::tf32_flops},
                             {"f32_flops", &Card::f32_flops},
                             {"copy_bytes", &Card::copy_bytes},
                             {"kernel_bytes", &Card::kernel_bytes},
                             {"multiprocessors", &Card::multiprocessors},
                             {"tile_seconds", &Card::tile_seconds},
                             {"call_seconds", &Card::call_seconds},
                             {"attention_64_forward", &Card::attention_64_forward},
                             {"attention_64_backward", &Card::attention_64_backward},
                             {"attention_128_forward", &Card::attention_128_forward},
                             {"attention_128_backward", &Card::attention_128_backward}};

bool is_half(DType t) { return t == DType::kBF16 || t == DType::kF16; }

// Sequences of 128 keep the tensor cores less busy than those of 512.
double busy_share(double length) { return std::clamp(0.6 + 0.2 * std::log2(length / 128), 0.6, 1.0); }

// Heads that have no kernel of their own, and f32, do without tensor cores.
double attention_flops(const Card& card, const AttentionWork& work) {
  const bool large = work.head_size == 128;
  if (!is_half(work.dtype) || (!large && work.head_size != 64)) return card.f32_flops;
  const double longest = work.backward ? (large ? card.attention_128_backward : card.attention_64_backward)
                                       : (large ? card.attention_128_forward : card.attention_64_forward);
  return longest * busy_share(work.pairs / work.queries);
}

}  // namespace

// 790 and 4.3 TB/s were measured on an H200; the rates of other types are the same share of their data sheet (80 % of
// 494 and 67), those of attention are what its kernels aim at.
Card h200() {
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

Card card_from(const nlohmann::json& fields) {
  if (!fields.is_object())
    fail(ErrorCode::kBadData, "a card is a JSON object of rates, such as {\"bf16_flops\": 790e12}");
  Card card = h200();
  for (auto field = fields.begin(); field != fields.end(); ++field) {
    const std::string& name = field.key();
    const auto* const known =
        std::find_if(std::begin(kFields), std::end(kFields), [&](const Field& f) { return f.name == name; });
    if (name == "name" && field->is_string())
      card.name = field->get<std::string>();
    else if (known == std::end(kFields) || !field->is_number() || !(field->get<double>() > 0))
      fail(ErrorCode::kBadData, "a card's ", name, " is ", field->dump(),
           ": known are name, and above 0 bf16_flops, tf32_flops, .. (docs/cli.md)");
    else
      card.*known->value = field->get<double>();
  }
  return card;
}

double product_seconds(const Card& card, const kernels::MatmulShape& shape, double bytes) {
  const double peak = is_half(shape.dtype) ? card.bf16_flops : card.tf32_flops;
  const double m = static_cast<double>(shape.m), n = static_cast<double>(shape.n), k = static_cast<double>(shape.k);
  const double tiles = std::ceil(m / kTileRows) * std::ceil(n / kTileCols);
  const double tile_flops = 2 * kTileRows * kTileCols * k;
  const double waves = tiles / card.multiprocessors;
  const double passes = waves < kWavesThatBalance ? std::ceil(waves) : waves + kLastWave;
  double seconds = passes * (tile_flops / (peak / card.multiprocessors) + card.tile_seconds);
  if (waves < kWavesThatBalance) {
    const double partial_sums = 3 * m * n * sizeof(float) / card.copy_bytes;
    seconds = std::min(seconds, tiles * tile_flops / peak + card.tile_seconds + partial_sums);
  }
  return std::max(seconds, memory_seconds(card, bytes));
}

double memory_seconds(const Card& card, double bytes) { return std::max(bytes / card.kernel_bytes, card.call_seconds); }

double AttentionWork::flops() const { return (backward ? 10 : 4) * pairs * static_cast<double>(heads * head_size); }

double attention_seconds(const Card& card, const AttentionWork& work, double bytes) {
  return std::max(work.flops() / attention_flops(card, work), memory_seconds(card, bytes));
}

}  // namespace albert::bench
