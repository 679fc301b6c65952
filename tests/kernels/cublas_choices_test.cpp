// What is kept of cuBLASLt's choices from run to run, and how the fastest is found.
#include <algorithm>
#include <fstream>
#include <functional>

#include "tests/support/cublas_cases.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

using kernels::CublasContext;
using kernels::CublasOptions;
namespace lt = kernels::cublas_lt;

// Two shapes of matmuls, on a context that keeps its choices in `file`; how often the library was
// asked.
int times_asked(const std::string& file, size_t version = 130100, size_t workspace_bytes = 1024) {
  Cublas cublas(file, version, workspace_bytes);
  Fused f(DType::kBF16);
  f.run(cublas, lt::kDefault);
  f.run(cublas, lt::kBias);
  EXPECT_EQ(cublas.library.matmuls, 2);
  return cublas.library.heuristics;
}

std::string contents(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(CublasChoices, AreKeptFromRunToRun) {
  const TemporaryFolder folder;
  const std::string file = folder / "new/choices.txt";
  EXPECT_EQ(times_asked(file), 2);
  EXPECT_EQ(times_asked(file), 0);
  EXPECT_EQ(times_asked(file, 130000), 2);  // another version's do not count, and take their place
  EXPECT_EQ(times_asked(file, 130000), 0);
  EXPECT_EQ(times_asked(file, 130000, 8), 2);  // another workspace's do not count either
}

TEST(CublasChoices, DamageCostsAQuestionAndNoMore) {
  const TemporaryFolder folder;
  const std::string file = folder / "choices.txt";
  times_asked(file);
  const std::string whole = contents(file);
  ASSERT_EQ(std::count(whole.begin(), whole.end(), '\n'), 3) << whole;
  for (size_t at = 0; at < whole.size(); at += 7) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_bytes(file, damaged);
    EXPECT_GE(times_asked(file), 1) << "byte " << at;
    write_bytes(file, whole.substr(0, at));
    EXPECT_GE(times_asked(file), 1) << "cut at " << at;
  }
  EXPECT_EQ(times_asked(file), 0);
  // Checksums that fit, and algorithms that the library does not know.
  constexpr size_t kProductAt = 9 * 17 + 2;
  kernels::CublasChoices other(file, "a GPU", 130100);
  std::istringstream lines(whole);
  std::string line;
  for (std::getline(lines, line); std::getline(lines, line);)
    other.add(line.substr(kProductAt), {});
  other.save();
  EXPECT_EQ(times_asked(file), 2);
  EXPECT_EQ(times_asked(file), 0);
}

// A library whose second candidate takes `second` times as long as the first, on a GPU whose clock
// reads what was run.
struct Tuned {
  Tuned(const std::string& file, double second, bool tuned = true) {
    CublasOptions options{false, "a GPU", file};
    if (tuned)
      options.tuning = {[this, second](const std::function<void()>& work) {
                          work();
                          ++timed;
                          return cublas.library.algorithm == 2 ? second : 1.0;
                        },
                        [this](size_t bytes) -> std::shared_ptr<void> {
                          if (full) return nullptr;
                          const auto memory = std::make_shared<std::vector<std::byte>>(bytes);
                          return {memory, memory->data()};
                        }};
    cublas.context = std::make_unique<CublasContext>(cublas.library.functions(), options);
  }
  // Which of the candidates computes a matmul, after whatever is done first.
  uint64_t chosen(bool accumulate = false) {
    TestTensor c = TestTensor::random(DType::kF32, {3, 5}, 3);
    const TestTensor a = TestTensor::random(DType::kF32, {3, 7}, 1),
                     b = TestTensor::random(DType::kF32, {7, 5}, 2);
    const auto expected = matmul_oracle(c, a, b, {.accumulate = accumulate});
    kernels::cuda::matmul(cublas.stream(), c, a, b, {.accumulate = accumulate});
    EXPECT_TRUE(close(c.values(), expected, 1e-6));
    return cublas.library.algorithm;
  }
  Cublas cublas;
  int timed = 0;
  bool full = false;  // the GPU's memory
};

TEST(CublasTuning, TheFastestIsKeptForEveryLaterRun) {
  for (const bool accumulate : {false, true}) {
    const TemporaryFolder folder;
    const std::string file = folder / "choices.txt";
    EXPECT_EQ(Tuned(file, 0.5, false).chosen(accumulate), 1U);  // what an earlier run did not time
    EXPECT_EQ(Tuned(file, 0.5).chosen(accumulate), 2U);
    Tuned untimed(file, 9, false), again(file, 9);
    EXPECT_EQ(untimed.chosen(accumulate), 2U);
    EXPECT_EQ(again.chosen(accumulate), 2U);
    EXPECT_EQ(again.timed, 0);
  }
}

// A context forgets plans when it has too many. Choosing anew could end in other bits.
TEST(CublasTuning, AChoiceHoldsWhileItsRunLasts) {
  const TemporaryFolder folder;
  kernels::CublasChoices choices(folder / "choices.txt", "a GPU", 130100);
  choices.add("a matmul", {{{1, 2}}, true});
  const auto found = choices.find("a matmul");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->timed);
  EXPECT_EQ(found->algo.data[1], 2U);
}

// It is on disk before it computes anything: a run that is killed goes on to the same bits.
TEST(CublasTuning, IsKeptAtOnce) {
  const TemporaryFolder folder;
  const std::string file = folder / "choices.txt";
  Tuned first(file, 0.5);
  EXPECT_EQ(first.chosen(), 2U);
  EXPECT_EQ(Tuned(file, 0.5, false).chosen(), 2U);
}

// What adds to its result is timed into other memory.
TEST(CublasTuning, IsNotDoneWhereThereIsNoMemoryForIt) {
  const TemporaryFolder folder;
  Tuned tuned(folder / "choices.txt", 0.5);
  tuned.full = true;
  EXPECT_EQ(tuned.chosen(true), 1U);
  EXPECT_EQ(tuned.timed, 0);
}

TEST(CublasTuning, NoiseDecidesNothing) {
  const TemporaryFolder folder;
  EXPECT_EQ(Tuned(folder / "choices.txt", 0.98).chosen(), 1U);
}

TEST(CublasTuning, IsNotDoneWhereNothingIsKept) {
  for (const std::string file : {"/proc/none/choices.txt", ""}) {
    Tuned tuned(file, 0.5);
    EXPECT_EQ(tuned.chosen(), 1U);
    EXPECT_EQ(tuned.timed, 0);
  }
}

TEST(CublasChoices, WhereNothingCanBeWrittenNothingIsKept) {
  EXPECT_EQ(times_asked("/proc/none/choices.txt"), 2);
  EXPECT_EQ(times_asked(""), 2);
}

}  // namespace
}  // namespace albert::testing
