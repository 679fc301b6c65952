// Kernels beside what their machine could do: units, rates, and what is not known.
#include "apps/bench/breakdown.h"

#include <gtest/gtest.h>

#include <sstream>

#include "apps/bench/phases.h"
#include "apps/bench/prediction.h"
#include "tests/support/files.h"

namespace albert::bench {
namespace {

// Two steps of 2 s; a kernel of 0.5 s a call that is called twice a step.
Pass pass_of_two_steps() {
  Pass pass;
  pass.seconds = 4;
  pass.steps = 2;
  pass.profile.kernels["attention_forward"] = {.calls = 4, .seconds = 2};
  pass.profile.kernels["of no cost model"] = {.calls = 2, .seconds = 1};
  return pass;
}

TEST(Breakdown, IsPerStepAndBesideRooflineAndBudget) {
  const Bounds bounds{100, 10, {{"attention_forward", {4, 8, 120, 1.5}}}};
  const Row rows = kernels_of(pass_of_two_steps(), bounds);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0], (Row{{"kernel", "attention_forward"},
                          {"calls", 2.0},
                          {"seconds", 1.0},
                          {"share", 0.5},
                          {"bytes_per_second", 4.0},
                          {"flops_per_second", 60.0},
                          {"roofline_seconds", 0.6},  // operations bound: 120 / 100, two steps
                          {"budget_seconds", 0.75}}));
  EXPECT_EQ(rows[1].at("kernel"), "of no cost model");
  EXPECT_FALSE(rows[1].contains("budget_seconds"));
  EXPECT_EQ(rows[2].at("kernel"), "outside kernels");
  EXPECT_DOUBLE_EQ(rows[2].at("seconds").get<double>(), 0.5);

  const Bounds narrow{1000, 10, bounds.kernels};
  EXPECT_DOUBLE_EQ(kernels_of(pass_of_two_steps(), narrow)[0].at("roofline_seconds").get<double>(),
                   0.4);
  EXPECT_FALSE(kernels_of(pass_of_two_steps(), {})[0].contains("roofline_seconds"));
}

TEST(Breakdown, IsPrintedInTheUnitsOfGpus) {
  const Bounds bounds{100e12, 3e12, {{"attention_forward", {4, 8e12, 120e12, 1.5}}}};
  Row row{{"name", "a step"}, {"per_second", 1.0}, {"matmuls", Row::array()}};
  row["kernels"] = kernels_of(pass_of_two_steps(), bounds);
  std::ostringstream out;
  print_rows({row}, true, out);
  EXPECT_NE(out.str().find("GB/s  TFLOP/s  roofline ms  budget ms"), std::string::npos)
      << out.str();
  EXPECT_NE(out.str().find("4000     60.0     1333.333    750.000"), std::string::npos)
      << out.str();
}

TEST(Breakdown, AModelAtMeasuredRatesKeepsItsProportions) {
  const Gpu half = at_rates(h200(), h200().bf16_flops / 2, h200().copy_bytes / 4);
  EXPECT_DOUBLE_EQ(half.attention_64_backward, h200().attention_64_backward / 2);
  EXPECT_DOUBLE_EQ(half.tf32_flops, h200().tf32_flops / 2);
  EXPECT_DOUBLE_EQ(half.kernel_bytes, h200().kernel_bytes / 4);
  EXPECT_EQ(half.multiprocessors, h200().multiprocessors);
}

// The profile of a step and the cost model must call a kernel the same; the CPU has a few more.
TEST(Breakdown, KernelsThatAreTimedHaveACost) {
  const testing::TemporaryFolder folder;
  testing::write_bytes(
      folder / "config.json",
      R"({"model_type": "albert", "vocab_size": 50, "embedding_size": 8, "hidden_size": 16,
      "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
      "max_position_embeddings": 16})");
  BenchOptions options;
  options.model = folder / "config.json";
  options.batch_size = 2;
  options.length = 6;
  options.device.backend.threads = 1;
  const AlbertConfig config = config_of(options.model);
  const auto step = step_of("pretraining", config, options.device);
  const Pass pass = profiled_pass(*step, batches_of(options, "pretraining", config));
  const CallCosts costs = costs_of(options, "pretraining", h200());
  for (const char* kernel :
       {"attention_forward", "attention_backward", "layer_norm_forward", "layer_norm_backward",
        "linear", "matmul", "matmul (weight gradients)", "cross_entropy_forward", "adamw_update"}) {
    EXPECT_EQ(pass.profile.kernels.count(kernel), 1U) << kernel;
    EXPECT_EQ(costs.kernels().count(kernel), 1U) << kernel;
  }
}

}  // namespace
}  // namespace albert::bench
