// Where CUDA's libraries are looked for, and that the real cuBLASLt takes what is handed to it.
#include "albert/kernels/cuda/runtime/library.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "albert/base/error.h"
#include "albert/kernels/cuda/cublas/lt.h"

namespace albert::testing {
namespace {

namespace lt = kernels::cublas_lt;

// The library itself, where it is: it takes every descriptor and attribute of ours. That needs no
// GPU.
TEST(Cublas, TheRealLibraryTakesOurDescriptors) {
  std::unique_ptr<kernels::CudaLibrary> library;
  try {
    library = std::make_unique<kernels::CudaLibrary>(
        "cuBLASLt", std::vector<std::string>{"libcublasLt.so.13", "libcublasLt.so.12"});
  } catch (const Error& e) {
    GTEST_SKIP() << e.what();
  }
  const lt::Functions f = lt::functions_of(*library);
  EXPECT_GE(f.get_version(), 120000U);
  lt::Desc desc = nullptr;
  ASSERT_EQ(f.matmul_desc_create(&desc, lt::kCompute32F, lt::kR32F), lt::kSuccess);
  const int32_t operation = lt::kTransposed;
  const uint32_t epilogue = lt::kGeluAuxBias;
  const int64_t stride = 24;
  void* pointer = nullptr;
  EXPECT_EQ(f.matmul_desc_set_attribute(desc, lt::kTransposeA, &operation, sizeof operation),
            lt::kSuccess);
  EXPECT_EQ(f.matmul_desc_set_attribute(desc, lt::kTransposeB, &operation, sizeof operation),
            lt::kSuccess);
  EXPECT_EQ(f.matmul_desc_set_attribute(desc, lt::kEpilogue, &epilogue, sizeof epilogue),
            lt::kSuccess);
  EXPECT_EQ(f.matmul_desc_set_attribute(desc, lt::kBiasPointer, &pointer, sizeof pointer),
            lt::kSuccess);
  EXPECT_EQ(f.matmul_desc_set_attribute(desc, lt::kAuxPointer, &pointer, sizeof pointer),
            lt::kSuccess);
  EXPECT_EQ(f.matmul_desc_set_attribute(desc, lt::kAuxStride, &stride, sizeof stride),
            lt::kSuccess);
  EXPECT_EQ(f.matmul_desc_set_attribute(desc, lt::kEpilogue, &stride, sizeof stride),
            lt::kInvalidValue);
  lt::Layout layout = nullptr;
  EXPECT_EQ(f.matrix_layout_create(&layout, lt::kR16BF, 24, 5, 24), lt::kSuccess);
  lt::Preference preference = nullptr;
  ASSERT_EQ(f.matmul_preference_create(&preference), lt::kSuccess);
  const uint64_t bytes = 1 << 25;
  const uint32_t mask = lt::kReductionInComputeType, alignment = 16;
  EXPECT_EQ(
      f.matmul_preference_set_attribute(preference, lt::kMaxWorkspaceBytes, &bytes, sizeof bytes),
      lt::kSuccess);
  EXPECT_EQ(
      f.matmul_preference_set_attribute(preference, lt::kReductionSchemeMask, &mask, sizeof mask),
      lt::kSuccess);
  for (const auto which :
       {lt::kMinAlignmentA, lt::kMinAlignmentB, lt::kMinAlignmentC, lt::kMinAlignmentD})
    EXPECT_EQ(f.matmul_preference_set_attribute(preference, which, &alignment, sizeof alignment),
              lt::kSuccess);
  f.matmul_preference_destroy(preference);
  f.matrix_layout_destroy(layout);
  f.matmul_desc_destroy(desc);
}

TEST(CudaLibrary, IsLookedForWhereTheUserSaysFirst) {
  const auto candidates =
      kernels::library_candidates({"liba.so.2", "liba.so.1"}, {"/one:/two", "/toolkit"});
  EXPECT_EQ(candidates.front(), "/one/liba.so.2");
  EXPECT_EQ(candidates.back(), "/toolkit/lib64/liba.so.1");
  const auto at = [&](const std::string& path) {
    return std::find(candidates.begin(), candidates.end(), path) - candidates.begin();
  };
  EXPECT_LT(at("/one/nvidia/cublas/lib/liba.so.1"), at("/two/liba.so.2"));
  EXPECT_LT(at("/two/nvidia/cu13/lib/liba.so.1"), at("liba.so.2"));
  EXPECT_LT(at("liba.so.2"), at("liba.so.1"));
  EXPECT_EQ(kernels::library_candidates({"liba.so.1"}, {"", "/toolkit"}),
            (std::vector<std::string>{"liba.so.1", "/toolkit/lib64/liba.so.1"}));
}

// No program here is linked with it.
TEST(CudaLibrary, StaysLoadedWhenItsOwnerIsGone) {
  constexpr const char* kName = "libanl.so.1";
  ASSERT_EQ(dlopen(kName, RTLD_NOW | RTLD_NOLOAD), nullptr);
  { const kernels::CudaLibrary library("a library", {kName}); }
  EXPECT_NE(dlopen(kName, RTLD_NOW | RTLD_NOLOAD), nullptr);
}

TEST(CudaLibrary, OpensWhatIsThereAndNamesWhatIsNot) {
  const kernels::CudaLibrary maths("maths", {"libnothere.so.9", "libm.so.6"});
  EXPECT_EQ(maths.path(), "libm.so.6");
  EXPECT_EQ(maths.function<double(double)>("floor")(2.5), 2.0);
  try {
    maths.function<void()>("no_such_function");
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "maths: libm.so.6 is too old, it has no no_such_function");
  }
  try {
    const kernels::CudaLibrary none("cuBLASLt", {"libnothere.so.2", "libnothere.so.1"},
                                    {"/one", "/toolkit"});
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kNoDevice);
    EXPECT_NE(std::string(e.what()).find("libnothere.so.2 or libnothere.so.1"), std::string::npos)
        << e.what();
    EXPECT_NE(std::string(e.what()).find("ALBERT_CUDA_LIBS"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace albert::testing
