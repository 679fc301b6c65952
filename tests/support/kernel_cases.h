#pragma once
// What every kernel is put through: all instruction sets, several thread counts, each way to write
// a gradient.
#include <functional>

#include "albert/kernels/dispatch.h"
#include "tests/support/compare.h"
#include "tests/support/tensors.h"

namespace albert::testing {

// Those that the tested kernels take.
inline std::vector<DType> float_types() {
  std::vector<DType> types{DType::kF32, DType::kBF16};
  if (computes_f64()) types.push_back(DType::kF64);
  if (tested_device() == Device::kCuda) types.push_back(DType::kF16);
  return types;
}

// The most exact of them.
inline DType widest_type() { return computes_f64() ? DType::kF64 : DType::kF32; }
constexpr const char* kNeedsF64 = "central differences need f64, which a GPU does not compute";

// Calls body(stream) for every instruction set and every way to run it.
inline void on_every_stream(const std::function<void(kernels::Stream)>& body) {
  for (const auto isa : available_isas())
    for (const Way& way : ways_to_run(isa)) {
      SCOPED_TRACE(way.name);
      body(way.device.stream());
    }
}

// run(stream) returns what a kernel wrote: the same bits however it runs, and nothing outside.
inline void expect_threads_agree(
    const std::function<std::vector<TestTensor>(kernels::Stream)>& run) {
  for (const auto isa : available_isas()) {
    const std::vector<Way> ways = ways_to_run(isa);
    const auto one = run(ways.front().device.stream());
    for (const Way& way : ways) {
      const auto many = run(way.device.stream());
      for (size_t i = 0; i < one.size(); ++i) {
        EXPECT_TRUE(one[i].same_bits(many[i])) << "output " << i << ", " << way.name;
        many[i].check_sentinels();
      }
    }
  }
}

// How far rounding to t moves a normal number at most, relative to it.
inline double unit_roundoff(DType t) {
  switch (t) {
    case DType::kF64: return std::ldexp(1, -53);
    case DType::kF32: return std::ldexp(1, -24);
    case DType::kF16: return std::ldexp(1, -11);
    case DType::kBF16: return std::ldexp(1, -8);
    default: return 0;
  }
}

// How far a kernel's result in t may lie from the same in f64: a few roundings.
inline double near_f64(DType t) {
  return t == DType::kF64 ? 1e-12 : t == DType::kF32 ? 1e-6 : unit_roundoff(t);
}

// run(d, mode) writes a gradient: kAssign must overwrite anything, kAdd must add, kIgnore must
// leave alone.
inline void expect_grad_modes(DType dtype, Shape shape,
                              const std::function<void(const TestTensor&, kernels::Grad)>& run) {
  const auto before = TestTensor::random(dtype, shape, 99);
  auto assigned = before.poisoned(), added = before, ignored = before.poisoned();
  run(assigned, kernels::Grad::kAssign);
  run(added, kernels::Grad::kAdd);
  run(ignored, kernels::Grad::kIgnore);
  EXPECT_TRUE(ignored.same_bits(before.poisoned()));
  auto sum = before.values();
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += assigned.get(static_cast<int64_t>(i));
  const double tolerance = 4 * unit_roundoff(dtype);
  EXPECT_TRUE(close(added.values(), sum, tolerance));
  EXPECT_FALSE(close(added.values(), before.values(), tolerance)) << "nothing to add";
}

// How far `exact` moves when it is merely rounded to dtype, as relative_error measures it. What a
// bf16 kernel may lose is twice this.
inline double rounding_error(const std::vector<double>& exact, DType dtype, double floor = 0) {
  TestTensor t(dtype, {static_cast<int64_t>(exact.size())});
  for (size_t i = 0; i < exact.size(); ++i) t.set(static_cast<int64_t>(i), exact[i]);
  return relative_error(t.values(), exact, floor);
}

// Values of a small exact set, so that class weights and targets are the same in every float type.
inline TestTensor random_eighths(Shape shape, uint32_t seed, int most = 16) {
  TestTensor t(DType::kF32, shape);
  std::mt19937 generator(seed);
  for (int64_t i = 0; i < t.size(); ++i)
    t.set(i, (1 + static_cast<int>(generator() % static_cast<unsigned>(most))) / 8.0);
  return t;
}

inline TestTensor random_ids(int64_t n, int64_t limit, uint32_t seed) {
  TestTensor t(DType::kI32, {n});
  std::mt19937 generator(seed);
  for (int64_t i = 0; i < n; ++i)
    t.set(i, static_cast<double>(generator() % static_cast<uint64_t>(limit)));
  return t;
}

}  // namespace albert::testing
