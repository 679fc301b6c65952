// What is said of GPUs this machine need not have, and of those it has.
#include "albert/kernels/gpus.h"

#include "albert/kernels/backend.h"
#include "tests/support/compare.h"

namespace albert::testing {
namespace {

using kernels::GpuFacts;
using kernels::why_unusable;

constexpr int64_t kGiB = int64_t{1} << 30;

GpuFacts two_gpus() {
  return {13000,
          13010,
          80,
          {{"NVIDIA H200", 9, 0, 141 * kGiB}, {"NVIDIA A100-SXM4-80GB", 8, 0, 80 * kGiB}}};
}

TEST(Gpus, AGpuThatCanIsUsable) {
  EXPECT_EQ(why_unusable(two_gpus(), 0), "");
  EXPECT_EQ(why_unusable(two_gpus(), 1, DType::kBF16), "");
  EXPECT_EQ(why_unusable(two_gpus(), 1, DType::kF16), "");
}

TEST(Gpus, EachReasonIsALineThatSaysWhatWouldWork) {
  EXPECT_EQ(why_unusable({}, 0),
            "this build has no CUDA: --device cpu works (or configure with -DALBERT_CUDA=ON)");
  GpuFacts facts = two_gpus();
  EXPECT_EQ(why_unusable(facts, 2), "no cuda:2: this machine has cuda:0 to cuda:1");
  EXPECT_EQ(why_unusable(facts, -1), "no cuda:-1: this machine has cuda:0 to cuda:1");
  EXPECT_EQ(why_unusable(facts, 1, DType::kF64),
            "cuda:1 does not compute in f64: use --precision f32, or --device cpu");
  facts.gpus.pop_back();
  EXPECT_EQ(why_unusable(facts, 1), "no cuda:1: this machine has cuda:0 only");
  facts.gpus[0] = {"Tesla T4", 7, 5, 15 * kGiB};
  EXPECT_EQ(why_unusable(facts, 0),
            "cuda:0, Tesla T4, compute capability 7.5, 15 GiB: needs compute capability 8.0 or "
            "newer: use another GPU, "
            "or --device cpu");
  facts.gpus[0] = {"NVIDIA A10", 8, 6, 24 * kGiB};
  facts.oldest_code = 90;
  EXPECT_EQ(why_unusable(facts, 0),
            "cuda:0, NVIDIA A10, compute capability 8.6, 24 GiB: this build holds code for 9.0 and "
            "newer: build with "
            "-DCMAKE_CUDA_ARCHITECTURES=86, or use --device cpu");
  facts.gpus.clear();
  EXPECT_EQ(why_unusable(facts, 0),
            "the NVIDIA driver shows no GPU (is CUDA_VISIBLE_DEVICES set?): --device cpu works");
  facts.failure = "system not yet initialized";
  EXPECT_EQ(why_unusable(facts, 0),
            "CUDA cannot list the GPUs (system not yet initialized): --device cpu works");
  facts.driver = 12040;
  EXPECT_EQ(why_unusable(facts, 0),
            "the NVIDIA driver is too old: it knows CUDA 12.4, this build needs 13.0: update the "
            "driver, or use "
            "--device cpu");
  facts.driver = 0;
  EXPECT_EQ(why_unusable(facts, 0),
            "this machine has no NVIDIA driver: install one, or use --device cpu");
}

// A driver of the same CUDA generation runs what a later toolkit of it made.
TEST(Gpus, ADriverOfTheSameGenerationWillDo) {
  GpuFacts facts = two_gpus();
  facts.runtime = 13020;
  facts.driver = 13000;
  EXPECT_EQ(why_unusable(facts, 0), "");
}

#if !defined(ALBERT_CUDA_EMULATED)
// This machine's facts and the backend agree.
TEST(Gpus, TheBackendRefusesWhatTheFactsRefuse) {
  const GpuFacts facts = kernels::find_gpus();
  for (const int gpu : {0, 1000}) {
    const std::string why = why_unusable(facts, gpu);
    try {
      const auto backend = kernels::make_backend({.device = Device::kCuda, .gpu = gpu});
      EXPECT_EQ(why, "");
      EXPECT_EQ(backend->description().rfind("cuda:" + std::to_string(gpu), 0), 0U)
          << backend->description();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kNoDevice);
      EXPECT_EQ(e.what(), why);
    }
  }
}
#endif

}  // namespace
}  // namespace albert::testing
