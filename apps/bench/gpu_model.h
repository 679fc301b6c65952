#pragma once
// A cost model of a GPU: arithmetic on shapes, nothing is run. Its formulas are a roofline's, with
// the tiles of a matmul and the waves in which multiprocessors work on them.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "albert/kernels/profile.h"

namespace albert::bench {

// Flops and bytes are per second.
struct Gpu {
  std::string name;
  double memory = 0;                      // bytes
  double bf16_flops = 0, tf32_flops = 0;  // of a large matmul, 16-bit and f32 operands
  double f32_flops = 0;                   // without tensor cores
  double copy_bytes = 0;                  // read and written by a plain copy
  double kernel_bytes = 0;                // moved by a good fused kernel
  double multiprocessors = 0;
  double tile_seconds = 0;  // of each tile of a matmul, not hidden by the next tile
  double call_seconds = 0;  // the least that a kernel takes in a CUDA graph
  // Our attention in 16 bits on sequences of 512, heads of 64 and of 128
  double attention_64_forward = 0, attention_64_backward = 0, attention_128_forward = 0,
         attention_128_backward = 0;
};

Gpu h200();
// Returns h200() with the fields of a JSON object, such as measured rates, in place of its own.
// Error(kBadData) naming an unknown or unreadable field.
Gpu gpu_from(const nlohmann::json& fields);

// The time of a matmul's tiles, 128 x 256 each, in waves over the multiprocessors, or with its
// inner size divided too, which costs partial sums; and no less than moving `bytes` takes.
double matmul_seconds(const Gpu& gpu, const kernels::MatmulShape& shape, double bytes);

double memory_seconds(const Gpu& gpu, double bytes);

// `pairs` counts pairs of a query and a key of its sequence, `queries` those of all sequences.
struct AttentionWork {
  double pairs = 0, queries = 0;
  int64_t heads = 0, head_size = 0;
  DType dtype = DType::kBF16;
  bool backward = false;
  double flops() const;  // forward: two matmuls; backward: five
};
double attention_seconds(const Gpu& gpu, const AttentionWork& work, double bytes);

}  // namespace albert::bench
