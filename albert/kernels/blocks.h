#pragma once
#include <cstdint>

namespace albert::kernels {

// Number of blocks of `block` elements that cover n.
constexpr int64_t blocks_of(int64_t n, int64_t block) { return (n + block - 1) / block; }

}  // namespace albert::kernels
