#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace albert {

// Random numbers that are a function of what they are for: Philox keyed by the seed, counting
// within (a, b). The same on every machine and in any order of asking.
class Random {
 public:
  Random(uint64_t seed, uint64_t a, uint64_t b) : seed_(seed), a_(a), b_(b) {}
  uint32_t next();
  uint64_t below(uint64_t n);  // uniform in [0, n), n > 0
  double uniform();            // in [0, 1), 53 bits

 private:
  uint64_t seed_, a_, b_;
  uint32_t block_ = 0;
  int used_ = 4;
  std::array<uint32_t, 4> words_{};
};

// A shuffle of [0, n) that can be asked for any place: a Feistel network that walks its cycles back
// into range.
class Permutation {
 public:
  Permutation(uint64_t n, uint64_t seed, uint64_t stream);
  uint64_t operator()(uint64_t i) const;

 private:
  uint64_t once(uint64_t i) const;
  uint64_t n_;
  int half_bits_;
  std::array<uint64_t, 4> keys_;
};

}  // namespace albert
