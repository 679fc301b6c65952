#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace albert {

// A stream of random numbers that is a function of (seed, a, b): Philox with a key made of the
// seed, counting within (a, b). It is the same on every machine.
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

// A shuffle of [0, n) whose elements are computed one by one, without a table: a Feistel network on
// the next power of four, applied again to values outside of the range.
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
