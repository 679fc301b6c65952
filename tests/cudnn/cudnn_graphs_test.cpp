// What cuDNN says of the graphs that --attention cudnn asks it for, on GPUs that are not here:
// planned up to the point where a kernel would be loaded.
#include "albert/kernels/cuda/cudnn/graphs.h"

#include <gtest/gtest.h>

namespace albert::kernels {
namespace {

struct PlannedGpu {
  int compute_capability;
  std::string properties;  // what cuDNN reads of a GPU, in its JSON
};

// What the GPUs differ in, and what they have in common.
PlannedGpu gpu(int compute_capability, const std::string& own) {
  return {compute_capability, "{" + own + R"(,
"maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64],"regsPerBlock":65536,
"warpSize":32,
"maxSharedMemoryPerBlock":49152,"reservedSharedMemoryPerBlock":1024,"maxRegistersPerSM":65536,
"maxCtasPerSM":32,
"maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,"pciDeviceId":0,"isTccDriver":0,
"supportCoopLaunch":1,
"cudaDeviceId":0,"driverVer":13000})"};
}

const PlannedGpu kAmpere =
    gpu(80, R"("deviceName":"NVIDIA A100","deviceVer":800,"multiProcessorCount":108,
"maxSharedMemoryPerBlockOptin":166912,"smClockRateKHz":1410000,"memClockRateKHz":1215000,
"l2CacheSize":41943040,
"totalGlobalMem":42000000000)");
const PlannedGpu kHopper =
    gpu(90, R"("deviceName":"NVIDIA H200","deviceVer":900,"multiProcessorCount":132,
"maxSharedMemoryPerBlockOptin":232448,"smClockRateKHz":1980000,"memClockRateKHz":3201000,
"l2CacheSize":62914560,
"totalGlobalMem":150000000000)");

CudnnProblem problem(bool backward, DType dtype, int64_t heads, int64_t head_size,
                     int64_t sequences, int64_t longest) {
  const int64_t rows = sequences * longest * 3 / 4, width = heads * head_size;
  return {backward, dtype, heads, head_size, sequences, longest,
          rows,     rows,  width, 2 * width, 2 * width};
}

// Of the released models' heads, and of smaller ones.
void expect_offered(const PlannedGpu& gpu, bool backward) {
  for (const DType dtype : {DType::kBF16, DType::kF16})
    for (const auto& [heads, head_size] : {std::pair{12, 64}, {16, 128}, {64, 64}, {4, 32}})
      for (const auto& [sequences, longest] : {std::pair{33, 128}, {1, 64}, {9, 512}})
        EXPECT_EQ("",
                  why_not_offered(problem(backward, dtype, heads, head_size, sequences, longest),
                                  gpu.compute_capability, gpu.properties))
            << dtype << ", " << heads << " heads of " << head_size << ", " << sequences << " x "
            << longest;
}

TEST(CudnnGraphs, OfForwardAreOfferedOnAmpere) { expect_offered(kAmpere, false); }
TEST(CudnnGraphs, OfForwardAreOfferedOnHopper) { expect_offered(kHopper, false); }
TEST(CudnnGraphs, OfBackwardAreOfferedOnHopper) { expect_offered(kHopper, true); }

// The same bits every time is what we promise, and what cuDNN does not offer there.
TEST(CudnnGraphs, OfBackwardAreRefusedOnAmpere) {
  const std::string why = why_not_offered(problem(true, DType::kBF16, 12, 64, 32, 128),
                                          kAmpere.compute_capability, kAmpere.properties);
  EXPECT_NE(why.find("eterministic"), std::string::npos) << why;
}

TEST(CudnnGraphs, ARefusalIsSaid) {
  EXPECT_NE("",
            why_not_offered(problem(false, DType::kBF16, 2, 20, 4, 64), 90, kHopper.properties));
  EXPECT_NE("", why_not_offered(problem(false, DType::kBF16, 12, 64, 4, 64), 90, "{}"));
}

}  // namespace
}  // namespace albert::kernels
