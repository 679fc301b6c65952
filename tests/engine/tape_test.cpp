#include "albert/engine/tape.h"

#include "albert/engine/ops/ops.h"
#include "albert/engine/session.h"
#include "tests/support/compare.h"
#include "tests/support/tensors.h"

namespace albert::testing {
namespace {

// y = 3 x elementwise, with a backward that can be counted.
Var triple(Tape& t, Var x, int* calls = nullptr) {
  Var y = t.output(x.shape(), x.dtype());
  const auto scale = [](Tensor to, Tensor from, bool add) {
    for (int64_t i = 0; i < to.shape.size(); ++i)
      to.as<double>()[i] = (add ? to.as<double>()[i] : 0) + 3 * from.as<double>()[i];
  };
  if (t.stream().device == Device::kCpu) scale(y.value(), x.value(), false);
  t.on_backward(y, [=](Tape& tape, Tensor dy) {
    if (calls) ++*calls;
    const auto dx = tape.sink(x);
    if (dx.mode != Grad::kIgnore && tape.stream().device == Device::kCpu)
      scale(dx.tensor, dy, dx.mode == Grad::kAdd);
  });
  return y;
}

class TapeTest : public ::testing::Test {
 protected:
  TapeTest() : memory_(1 << 16), arena_(memory_.data(), memory_.size()) {}
  Tape tape(Mode mode = Mode::kTraining) { return {device_.stream(), arena_, mode}; }
  TestDevice device_;
  std::vector<unsigned char> memory_;
  Arena arena_;
  TestTensor x_ = TestTensor::of<double>({2}, {1, 2}), one_ = TestTensor::of<double>({2}, {1, 1});
};

TEST_F(TapeTest, GradientsOfEveryUseAddUp) {
  Tape t = tape();
  const Var x = t.input(x_);
  const Var a = triple(t, x), b = triple(t, a), c = triple(t, a);
  t.seed(b, one_);
  t.seed(c, one_);
  t.seed(a, one_);
  t.backward();
  EXPECT_EQ(x.grad().as<double>()[0], 3 * (1 + 3 + 3));
}

TEST_F(TapeTest, WhatNothingUsedHasNoBackward) {
  Tape t = tape();
  int used = 0, unused = 0;
  const Var x = t.input(x_), y = triple(t, x, &used);
  triple(t, x, &unused);
  t.seed(y, one_);
  t.backward();
  EXPECT_EQ(used, 1);
  EXPECT_EQ(unused, 0);
}

TEST_F(TapeTest, ConstantsTakeNoGradient) {
  Tape t = tape();
  const Var x = t.constant(x_), y = triple(t, x);
  t.seed(y, one_);
  t.backward();
  EXPECT_FALSE(x.grad());
}

TEST_F(TapeTest, SegmentsGiveTheGradientKeptOrRecomputed) {
  for (const Keep keep : {Keep::kActivations, Keep::kRecompute}) {
    Tape t = tape();
    const Var x = t.input(x_);
    Var y = x;
    for (int i = 0; i < 3; ++i)
      y = t.segment([](Tape& inner, Var v) { return triple(inner, triple(inner, v)); }, y, {2},
                    keep);
    const Var other = triple(t, x);  // x is used outside the first segment too
    t.seed(other, one_);
    t.seed(y, one_);
    t.backward();
    EXPECT_EQ(y.value().as<double>()[1], 2 * std::pow(3, 6));
    EXPECT_EQ(x.grad().as<double>()[0], std::pow(3, 6) + 3);
  }
}

TEST_F(TapeTest, ASegmentMayNotReachOutside) {
  Tape t = tape();
  const Var outside = t.input(x_), x = t.input(x_);
  const Var y = t.segment([outside](Tape& inner, Var) { return triple(inner, outside); }, x, {2},
                          Keep::kActivations);
  t.seed(y, one_);
  EXPECT_THROW(t.backward(), Error);
}

TEST_F(TapeTest, ASegmentCanWriteIntoAGivenPlace) {
  Tape t = tape(Mode::kInference);
  TestTensor into(DType::kF64, {2});
  const size_t before = arena_.top();
  const Var y = t.segment([](Tape& inner, Var v) { return triple(inner, v); }, t.input(x_), {2},
                          Keep::kActivations, into);
  EXPECT_EQ(y.value().data, into.tensor().data);
  EXPECT_EQ(into.values(), (std::vector<double>{3, 6}));
  EXPECT_EQ(arena_.top(), before);  // inference leaves nothing behind
}

TEST_F(TapeTest, TheSameProgramGetsTheSameAddresses) {
  const auto addresses = [&] {
    const Arena::Mark mark(arena_);
    Tape t = tape();
    const Var x = t.input(x_), y = triple(t, triple(t, x));
    t.seed(y, one_);
    t.backward();
    return std::pair{y.value().data, x.grad().data};
  };
  EXPECT_EQ(addresses(), addresses());
}

TEST(Arena, AlignsMeasuresAndRefusesOneByteTooMany) {
  Arena measuring;
  measuring.allocate({3}, DType::kF32);
  {
    const Arena::Mark mark(measuring);
    measuring.allocate({100}, DType::kF64);
  }
  EXPECT_EQ(measuring.top(), 256U);
  EXPECT_EQ(measuring.peak(), 256U + 1024U);
  std::vector<unsigned char> memory(1280);
  Arena exact(memory.data(), 1280), small(memory.data(), 1279);
  for (Arena* arena : {&exact, &small}) arena->allocate({3}, DType::kF32);
  EXPECT_NO_THROW(exact.allocate({100}, DType::kF64));
  EXPECT_THROW(small.allocate({100}, DType::kF64), Error);
}

TEST(Session, PlansWithoutRunningAndRunsInWhatItPlanned) {
  Session session({.threads = 1});
  int runs = 0;
  const auto program = [&](Tape& t) {
    runs += t.stream().device == Device::kCpu;
    t.save({1000}, DType::kF32);
  };
  EXPECT_EQ(session.plan(Mode::kTraining, program), 4096U);
  EXPECT_EQ(runs, 0);
  session.run(Mode::kTraining, program);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(session.arena_bytes(), 4096U);
  EXPECT_EQ(session.last_peak(), 4096U);
}

}  // namespace
}  // namespace albert::testing
