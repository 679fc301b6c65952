#pragma once
// Philox4x32-10 (Salmon et al., SC'11), the source of all randomness on CPU and CUDA. C++17, host
// and device.
#include <cstdint>

#include "albert/kernels/dtype.h"

namespace albert::kernels {

struct PhiloxBlock {
  uint32_t word[4];
};

// Ten rounds over counter (c0..c3) under key (k0, k1).
ALBERT_HOST_DEVICE inline PhiloxBlock philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3,
                                             uint32_t k0, uint32_t k1) {
  for (int round = 0; round < 10; ++round) {
    // High and low halves apart: compilers have a vector instruction for each.
    const uint32_t n0 = static_cast<uint32_t>((0xCD9E8D57ULL * c2) >> 32) ^ c1 ^ k0;
    const uint32_t n2 = static_cast<uint32_t>((0xD2511F53ULL * c0) >> 32) ^ c3 ^ k1;
    c1 = 0xCD9E8D57U * c2;
    c3 = 0xD2511F53U * c0;
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return {{c0, c1, c2, c3}};
}

// A Weyl sequence: distinct steps have distinct keys.
ALBERT_HOST_DEVICE inline uint64_t dropout_key(uint64_t seed, uint64_t step) {
  return seed + step * 0x9E3779B97F4A7C15ULL;
}

// The four words that decide elements 4 * column_block .. + 3 of one row at one dropout site of one
// step.
ALBERT_HOST_DEVICE inline PhiloxBlock dropout_block(uint64_t key, uint32_t site, int64_t row_id,
                                                    uint32_t column_block) {
  const auto row = static_cast<uint64_t>(row_id);
  return philox(column_block, static_cast<uint32_t>(row), static_cast<uint32_t>(row >> 32), site,
                static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32));
}

ALBERT_HOST_DEVICE inline PhiloxBlock dropout_block(uint64_t seed, uint64_t step, uint32_t site,
                                                    int64_t row_id, uint32_t column_block) {
  return dropout_block(dropout_key(seed, step), site, row_id, column_block);
}

// An element is kept when its word is at least this.
ALBERT_HOST_DEVICE inline uint32_t dropout_threshold(double probability) {
  return static_cast<uint32_t>(probability * 4294967296.0);
}

}  // namespace albert::kernels
