#include "albert/trainer/data/random.h"

#include "albert/kernels/philox.h"

namespace albert {
namespace {

// The finaliser of SplitMix64.
uint64_t mixed(uint64_t x) {
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ x >> 27) * 0x94D049BB133111EBULL;
  return x ^ x >> 31;
}

}  // namespace

uint32_t Random::next() {
  if (used_ == 4) {
    const uint64_t key = mixed(seed_ + 0x9E3779B97F4A7C15ULL * (a_ + 1));
    const auto block =
        kernels::philox(block_++, static_cast<uint32_t>(a_), static_cast<uint32_t>(b_),
                        static_cast<uint32_t>(b_ >> 32), static_cast<uint32_t>(key),
                        static_cast<uint32_t>(key >> 32));
    for (size_t i = 0; i < 4; ++i) words_[i] = block.word[i];
    used_ = 0;
  }
  return words_[static_cast<size_t>(used_++)];
}

uint64_t Random::below(uint64_t n) {
  // The last value of as many full rounds of n as fit into 64 bits.
  const uint64_t limit = ~uint64_t{0} - (~uint64_t{0} % n + 1) % n;
  while (true) {
    const uint64_t high = next(), value = high << 32 | next();
    if (value <= limit) return value % n;
  }
}

double Random::uniform() {
  const uint64_t high = next(), bits = (high << 32 | next()) >> 11;
  return static_cast<double>(bits) * 0x1p-53;
}

Permutation::Permutation(uint64_t n, uint64_t seed, uint64_t stream)
    : n_(n), half_bits_(1), keys_{} {
  while (half_bits_ < 32 && (uint64_t{1} << 2 * half_bits_) < n) ++half_bits_;
  for (size_t i = 0; i < keys_.size(); ++i)
    keys_[i] = mixed(seed + 0x9E3779B97F4A7C15ULL * (4 * stream + i + 1));
}

uint64_t Permutation::once(uint64_t i) const {
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  uint64_t left = i >> half_bits_, right = i & mask;
  for (const uint64_t key : keys_) {
    const uint64_t swapped = left ^ (mixed(right + key) & mask);
    left = right;
    right = swapped;
  }
  return left << half_bits_ | right;
}

uint64_t Permutation::operator()(uint64_t i) const {
  do i = once(i);
  while (i >= n_);
  return i;
}

}  // namespace albert
