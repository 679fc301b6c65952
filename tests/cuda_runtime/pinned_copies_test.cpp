// Copies to the GPU and from it, on a fake of CUDA's runtime that runs them in any order it may.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>

#include "albert/base/error.h"
#include "albert/kernels/cuda/runtime/pinned_results.h"
#include "albert/kernels/cuda/runtime/pinned_staging.h"
#include "tests/cuda_runtime/fake_runtime.h"

namespace albert::testing {
namespace {

using kernels::PendingCopy;
using kernels::PinnedResults;
using kernels::PinnedStaging;

class PinnedCopies : public ::testing::TestWithParam<double> {
 protected:
  // body(stream) under orders of many kinds; nothing is left behind.
  template <class Body>
  static void in_any_order(int orders, const Body& body) {
    for (int seed = 0; seed < orders && !HasFailure(); ++seed) {
      cuda_runtime::reset(static_cast<uint32_t>(seed), GetParam());
      cudaStream_t stream = nullptr;
      cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
      body(stream, seed);
      cudaStreamDestroy(stream);
      ASSERT_EQ(cuda_runtime::alive(), 0);
    }
  }
};

std::vector<unsigned char> random_bytes(size_t n, int seed) {
  std::vector<unsigned char> bytes(n);
  std::mt19937 random(static_cast<uint32_t>(seed));
  for (auto& b : bytes) b = static_cast<unsigned char>(random());
  return bytes;
}

// Reads kNumbers that are equal in each step.
template <size_t kNumbers>
struct Reader {
  std::array<int64_t, kNumbers> inputs = {};
  int64_t seen[8] = {}, next = 0;

  void run() { seen[next++] = inputs.front() == inputs.back() ? inputs.front() : -1; }
  void expect_every_step(cudaStream_t stream) {
    PinnedStaging staging(stream);
    for (int64_t step = 1; step <= 8; ++step) {
      std::array<int64_t, kNumbers> from;
      from.fill(step);
      staging.copy(inputs.data(), from.data(), sizeof from);
      from.fill(0);
      cuda_runtime::launch(
          stream, [](void* reader) { static_cast<Reader*>(reader)->run(); }, this);
    }
    cudaStreamSynchronize(stream);
    for (int64_t step = 1; step <= 8; ++step) EXPECT_EQ(seen[step - 1], step);
  }
};

// Kernels see what was copied before them and nothing of what is copied after them; the host's
// memory may change at once. Small copies go in line, others by a stream of their own.
TEST_P(PinnedCopies, ReachKernelsInTheOrderTheyWereQueued) {
  constexpr size_t kInLine = PinnedStaging::kMostInLine / sizeof(int64_t);
  in_any_order(50, [](cudaStream_t stream, int) {
    Reader<kInLine>().expect_every_step(stream);
    Reader<kInLine + 1>().expect_every_step(stream);
  });
}

// More than both halves hold, in pieces of odd sizes.
TEST_P(PinnedCopies, OfAnySizeArriveWhole) {
  in_any_order(3, [](cudaStream_t stream, int seed) {
    PinnedStaging staging(stream);
    const auto from = random_bytes(5 * PinnedStaging::kHalf / 2 + 77, seed);
    std::vector<unsigned char> to(from.size());
    std::mt19937 random(static_cast<uint32_t>(seed));
    for (size_t at = 0, n = 0; at < from.size(); at += n) {
      n = std::min<size_t>(from.size() - at, 1 + random() % (PinnedStaging::kHalf / 2));
      auto piece = std::vector<unsigned char>(from.begin() + static_cast<long>(at),
                                              from.begin() + static_cast<long>(at + n));
      staging.copy(to.data() + at, piece.data(), n);
    }
    staging.copy(to.data(), from.data(), from.size());  // larger than a half
    staging.copy(to.data(), from.data(), 0);
    cudaStreamSynchronize(stream);
    EXPECT_TRUE(from == to);
  });
}

TEST_P(PinnedCopies, ResultsAreThoseOfTheirStep) {
  in_any_order(50, [](cudaStream_t stream, int) {
    PinnedResults results(stream);
    int64_t value = 0;
    std::vector<std::unique_ptr<PendingCopy>> pending;
    for (int64_t step = 1; step <= 6; ++step) {
      cuda_runtime::launch(
          stream, [](void* v) { ++*static_cast<int64_t*>(v); }, &value);
      pending.push_back(results.start(&value, sizeof value));
      if (step == 2) pending[0].reset();  // never read
      if (step == 4) {
        EXPECT_EQ(*static_cast<const int64_t*>(pending[1]->wait()), 2);
        pending[1].reset();
      }
    }
    for (const size_t step : {5U, 3U, 6U, 4U})
      EXPECT_EQ(*static_cast<const int64_t*>(pending[step - 1]->wait()),
                static_cast<int64_t>(step));
    EXPECT_EQ(*static_cast<const int64_t*>(pending[2]->wait()), 3);  // as often as one likes
  });
}

// Results of several sizes are under way at once; what is copied whole comes in pieces.
TEST_P(PinnedCopies, ResultsOfAnySizeComeWhole) {
  in_any_order(3, [](cudaStream_t stream, int seed) {
    PinnedResults results(stream);
    auto from = random_bytes((size_t{9} << 20) + 77, seed);
    const auto sent = from;
    std::vector<unsigned char> to(from.size());
    const auto small = results.start(from.data(), 77),
               large = results.start(from.data(), from.size());
    results.copy(to.data(), from.data(), from.size());
    EXPECT_TRUE(to == sent);
    results.copy(nullptr, nullptr, 0);
    EXPECT_EQ(std::memcmp(small->wait(), sent.data(), 77), 0);
    EXPECT_EQ(std::memcmp(large->wait(), sent.data(), sent.size()), 0);
  });
}

TEST_P(PinnedCopies, AResultMayOutliveTheirOwner) {
  in_any_order(5, [](cudaStream_t stream, int) {
    int64_t value = 7;
    std::unique_ptr<PendingCopy> pending;
    {
      PinnedResults results(stream);
      pending = results.start(&value, sizeof value);
      EXPECT_THROW(results.start(&value, PinnedResults::kMost + 1), Error);
    }
    EXPECT_EQ(*static_cast<const int64_t*>(pending->wait()), 7);
  });
}

INSTANTIATE_TEST_SUITE_P(Eagerness, PinnedCopies, ::testing::Values(0.0, 0.5, 0.9, 1.0));

TEST(PinnedStagingMemory, SaysWhichThereIsNotEnoughOf) {
  cuda_runtime::reset(0, 1);
  const auto complaint = [](int failing) -> std::string {
    cuda_runtime::fail_allocation(failing);
    try {
      PinnedStaging staging(nullptr);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kOutOfMemory);
      return e.what();
    }
    return "";
  };
  EXPECT_NE(complaint(1).find("ulimit -l"), std::string::npos);
  EXPECT_NE(complaint(2).find("the GPU has no"), std::string::npos);
  EXPECT_EQ(complaint(0), "");
}

}  // namespace
}  // namespace albert::testing
