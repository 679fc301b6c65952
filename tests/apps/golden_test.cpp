// Every golden case: outputs, losses and every gradient against transformers
// (tests/golden/README.md).
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/forward_heads.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;

struct GoldenCase {
  fs::path tensors;  // .../<case>/<head>.safetensors, its model beside it
  Precision precision;
  std::string head() const {
    const std::string stem = tensors.stem();
    return stem.rfind("sequence-", 0) == 0 ? "sequence-classification" : stem;
  }
  std::string name() const {
    return tensors.parent_path().filename().string() + "/" + tensors.stem().string();
  }
  fs::path model() const { return tensors.parent_path() / tensors.stem(); }
};

// In a bundle they lie elsewhere.
fs::path golden_folder() {
  const char* const elsewhere = std::getenv("ALBERT_GOLDEN");
  return elsewhere ? elsewhere : ALBERT_GOLDEN_DIR;
}

std::vector<GoldenCase> golden_cases() {
  std::vector<GoldenCase> cases;
  for (const auto& entry : fs::recursive_directory_iterator(golden_folder())) {
    const fs::path& path = entry.path();
    if (path.extension() != ".safetensors" || !fs::is_directory(path.parent_path() / path.stem()))
      continue;
    if (path.stem().string().rfind("train-", 0) == 0) continue;  // trajectories: tests/trainer
    for (const auto precision : {Precision::kF32, Precision::kF64, Precision::kBF16})
      if (!gpu() || precision != Precision::kF64) cases.push_back({path, precision});
  }
  std::sort(cases.begin(), cases.end(), [](const auto& a, const auto& b) {
    return std::tie(a.tensors, a.precision) < std::tie(b.tensors, b.precision);
  });
  return cases;
}

// The worst error of PyTorch's own bf16 on this case, over outputs or gradients, as transformers 5
// with eager attention gave it (tests/golden/README.md).
double bf16_error_of_pytorch(const GoldenCase& golden, const char* kind) {
  static const auto table =
      nlohmann::json::parse(std::ifstream(golden_folder() / "bf16_pytorch.json"));
  return table.at(golden.name()).at(kind).get<double>();
}

// Relative to the tensor's largest magnitude. In bf16: at most twice PyTorch's.
double tolerance(const GoldenCase& golden, bool gradient) {
  if (golden.precision == Precision::kF64) return 1e-6;
  if (golden.precision == Precision::kF32) return gradient ? 2e-4 : 5e-5;
  return 2 * bf16_error_of_pytorch(golden, gradient ? "gradient" : "output");
}

// Biases that move every score of a soft-max alike have gradients that are zero but for rounding,
// hence no scale of their own: a key's takes the query's; the last ones of multiple choice and
// question answering are of order 1 before they cancel.
double floor_of(const GoldenCase& golden, const std::string& name, const TensorFile& expected) {
  double largest = 0;
  // The bare model's loss is a sum of matmuls that cancel: in bf16 measured against the size of
  // such a sum.
  if (golden.precision == Precision::kBF16 && golden.head() == "model" && name == "out.loss")
    return std::sqrt(
        static_cast<double>(expected.tensors.at("in.upstream.last_hidden_state").size()));
  if (const auto at = name.find("attention.key.bias"); at != std::string::npos)
    for (const double v :
         doubles(expected.tensors.at(std::string(name).replace(at, 18, "attention.query.bias"))))
      largest = std::max(largest, std::fabs(v));
  return name == "grad.classifier.bias" || name == "grad.qa_outputs.bias" ? 0.1 : largest;
}

class Golden : public ::testing::TestWithParam<GoldenCase> {};

TEST_P(Golden, EqualsTransformers) {
  const GoldenCase& golden = GetParam();
  const TensorFile expected = read_safetensors(golden.tensors);
  apps::HeadRequest request{.model = golden.model(),
                            .options = {.precision = golden.precision,
                                        .trainable = true,
                                        .backend = {.device = tested_device(), .threads = 2}}};
  request.gradients = true;
  std::vector<std::string> notes;
  const TensorFile actual = apps::run_head(golden.head(), request, expected, &notes);
  EXPECT_EQ(notes, std::vector<std::string>{});
  size_t compared = 0;
  for (const auto& [name, want] : expected.tensors) {
    if (name.rfind("in.", 0) == 0) continue;
    const auto got = actual.tensors.find(name);
    ASSERT_NE(got, actual.tensors.end()) << name << " is missing";
    EXPECT_EQ(got->second.shape(), want.shape()) << name;
    EXPECT_TRUE(close(doubles(got->second), doubles(want), tolerance(golden, name[0] == 'g'),
                      floor_of(golden, name, expected)))
        << name;
    ++compared;
  }
  EXPECT_GE(compared, 20U);
  for (const auto& [name, tensor] : actual.tensors) {
    const bool gradient = name.rfind("grad.", 0) == 0 && name != "grad.inputs_embeds";
    EXPECT_TRUE(!gradient || expected.tensors.count(name)) << name << " is not in the golden file";
  }
}

std::string case_name(const ::testing::TestParamInfo<GoldenCase>& test) {
  const char* const precisions[] = {"f32", "f64", "bf16"};
  const fs::path& path = test.param.tensors;
  std::string name = path.parent_path().filename().string() + "_" + path.stem().string() + "_" +
                     precisions[static_cast<int>(test.param.precision)];
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, ::testing::ValuesIn(golden_cases()), case_name);

// A bundle has some of them, a GPU no f64.
TEST(GoldenCases, AreAllThere) {
  const size_t models = std::getenv("ALBERT_GOLDEN") ? 9 : 22, precisions = gpu() ? 2 : 3;
  EXPECT_GE(golden_cases().size(), precisions * models);
}

}  // namespace
}  // namespace albert::testing
