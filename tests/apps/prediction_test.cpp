// albert-bench --model_only: the dry run of a real step, priced.
#include "apps/bench/prediction.h"
#include "apps/bench/command.h"
#include "apps/cli/program.h"
#include "tests/support/files.h"

#include <cmath>
#include <sstream>

namespace albert::testing {
namespace {

using bench::BenchOptions;
using bench::Row;

BenchOptions step_of(const std::string& model, const std::string& phase, int64_t batch_size,
                     int64_t length) {
  BenchOptions options;
  options.phases = {phase};
  options.model = model;
  options.batch_size = batch_size;
  options.length = length;
  options.batches = 1;
  options.device.precision = Precision::kBF16;
  options.precision = "bf16";
  return options;
}

Row predict(const BenchOptions& options) {
  const auto rows = bench::predict_phases(options, bench::h200());
  EXPECT_EQ(rows.size(), 1U);
  return rows.at(0);
}

const Row& named(const Row& list, const char* kind, const std::string& name) {
  for (const Row& row : list)
    if (row.at(kind) == name) return row;
  ADD_FAILURE() << name << " is not there: " << list;
  return list.at(0);
}

TEST(Prediction, CountsEveryProductOfAStepOnce) {
  const Row row = predict(step_of("base", "inference", 32, 128));
  const Row& matmuls = row.at("matmuls");
  EXPECT_EQ(named(matmuls, "matmul", "4096 x 3072 x 768 linear").at("calls"), 12);
  EXPECT_EQ(named(matmuls, "matmul", "4096 x 768 x 3072 linear").at("calls"), 12);
  EXPECT_EQ(named(matmuls, "matmul", "4096 x 1536 x 768 linear").at("calls"),
            12);  // keys and values
  double flops = 0;
  for (const Row& matmul : matmuls) flops += matmul.at("flops").get<double>();
  const double tokens = 4096, hidden = 768;
  const double attention = 12 * 4 * 128 * hidden * tokens;
  const double pooler = 2 * 32 * hidden * hidden;
  EXPECT_DOUBLE_EQ(
      flops, tokens * bench::nominal_flops(bench::config_of("base"), "inference", 128) - attention +
                 pooler);
  EXPECT_DOUBLE_EQ(row.at("flops_per_step").get<double>(), flops + attention);
}

TEST(Prediction, SumsAreThoseOfTheParts) {
  const Row row = predict(step_of("base", "pretraining", 8, 128));
  double seconds = 0, share = 0, calls = 0;
  for (const Row& kernel : row.at("kernels")) {
    seconds += kernel.at("seconds").get<double>();
    share += kernel.at("share").get<double>();
    calls += kernel.at("calls").get<double>();
  }
  EXPECT_NEAR(seconds, row.at("seconds_per_step").get<double>(), 1e-12);
  EXPECT_NEAR(share, 1, 1e-9);
  EXPECT_EQ(calls, row.at("calls_per_step"));
  EXPECT_NEAR(row.at("per_second").get<double>() * seconds, 8 * 128, 1e-6);
  for (const char* kernel :
       {"attention_backward", "layer_norm_backward", "adamw_update", "cross_entropy_forward",
        "matmul (weight gradients)", "sum_of_squares"})
    EXPECT_GT(named(row.at("kernels"), "kernel", kernel).at("seconds").get<double>(), 0);
}

// Different lengths: the mean of every batch, as often as there are batches.
TEST(Prediction, CountsRealTokensOfEveryBatch) {
  const TemporaryFolder folder;
  write_bytes(folder / "ids.jsonl",
              "{\"input_ids\":[2,3]}\n{\"input_ids\":[2,5,6,7]}\n{\"input_ids\":[2]}\n{\"input_"
              "ids\":[2,5,3]}\n");
  BenchOptions options = step_of("base", "inference", 2, 128);
  options.source.file = folder / "ids.jsonl";
  options.batches = 2;
  const Row row = predict(options);
  EXPECT_DOUBLE_EQ(
      named(row.at("kernels"), "kernel", "attention_forward").at("flops").get<double>(),
      12 * 4.0 * 768 * (4 + 16 + 1 + 9) / 2);
  EXPECT_NEAR(row.at("per_second").get<double>() * row.at("seconds_per_step").get<double>(),
              10.0 / 2, 1e-9);
}

// Seconds a step of a roofline of the network on paper, one kernel for everything that can be one,
// last layer pruned as ours is. docs/benchmarks/cuda-model.md says what else our calls move; the
// more of it is fused, the nearer they come.
struct OnPaper {
  const char *model, *phase;
  int64_t batch_size, length;
  double seconds, most;  // ours / its
};
class AgainstTheRoofline : public ::testing::TestWithParam<OnPaper> {};

TEST_P(AgainstTheRoofline, IsAboveAndNear) {
  const OnPaper& paper = GetParam();
  const Row row = predict(step_of(paper.model, paper.phase, paper.batch_size, paper.length));
  const double ratio = row.at("seconds_per_step").get<double>() / paper.seconds;
  EXPECT_GT(ratio, 0.98);
  EXPECT_LT(ratio, paper.most);
}

INSTANTIATE_TEST_SUITE_P(
    Prediction, AgainstTheRoofline,
    ::testing::Values(OnPaper{"base", "inference", 256, 128, 10.216e-3, 1.05},
                      OnPaper{"base", "inference", 64, 512, 11.109e-3, 1.05},
                      OnPaper{"xxlarge", "inference", 32, 512, 111.647e-3, 1.02},
                      OnPaper{"base", "classification", 256, 128, 9.582e-3, 1.05},
                      OnPaper{"xxlarge", "classification", 128, 128, 102.489e-3, 1.02},
                      OnPaper{"base", "pretraining", 256, 128, 29.137e-3, 1.05},
                      OnPaper{"base", "pretraining", 64, 512, 32.819e-3, 1.05},
                      OnPaper{"large", "pretraining", 64, 512, 106.788e-3, 1.05},
                      OnPaper{"xlarge", "pretraining", 256, 128, 339.211e-3, 1.05},
                      OnPaper{"xxlarge", "pretraining", 128, 128, 313.445e-3, 1.02}));

TEST(Prediction, TinyAndUnusualModelsArePriced) {
  const TemporaryFolder folder;
  write_bytes(folder / "config.json",
              R"({"model_type": "albert", "vocab_size": 50, "embedding_size": 8, "hidden_size": 16,
      "num_hidden_layers": 2,
                  "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 16,
                  "hidden_act": "gelu",
                  "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1})");
  BenchOptions options = step_of(folder / "config.json", "pretraining", 2, 6);
  options.phases = bench::all_phases();
  for (const auto precision : {Precision::kBF16, Precision::kF32}) {
    options.device.precision = precision;
    const auto rows = bench::predict_phases(options, bench::h200());
    EXPECT_EQ(rows.size(), 5U);
    for (const Row& row : rows)
      EXPECT_TRUE(std::isfinite(row.at("per_second").get<double>())) << row;
  }
  options.device.precision = Precision::kF64;
  EXPECT_EQ(refusal_of([&] { bench::predict_phases(options, bench::h200()); }).code,
            ErrorCode::kUsage);
}

struct Outcome {
  int code;
  std::string out, err;
};
Outcome run(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const int code =
      apps::run_single({"albert-bench", "", bench::declare_bench}, arguments, out, err);
  return {code, out.str(), err.str()};
}

TEST(Prediction, IsPrintedAsWhatItIs) {
  const TemporaryFolder folder;
  write_bytes(folder / "gpu.json", R"({"name": "a GPU", "kernel_bytes": 1e12})");
  const Outcome r = run({"--model-only", "--model", "base", "--precision", "bf16", "--phases",
                         "inference,latency", "--gpu", folder / "gpu.json", "--breakdown",
                         "--output", folder / "o"});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.out.rfind("predicted for a GPU, not measured\n", 0), 0U) << r.out;
  EXPECT_NE(r.out.find("attention_forward"), std::string::npos);
  const auto file = Row::parse(read_bytes(folder / "o"));
  EXPECT_EQ(file.at("predicted_for"), "a GPU");
  EXPECT_EQ(file.at("rows").at(0).at("name"), "inference base bf16 32 x 128");
  EXPECT_EQ(file.at("rows").at(1).at("name"), "latency base bf16 1 x 128");
  EXPECT_EQ(run({"--model-only", "--precision", "f64"}).code, 2);
  EXPECT_EQ(run({"--model-only", "--gpu", folder / "absent"}).code, 66);
  write_bytes(folder / "gpu.json", "{");
  EXPECT_EQ(run({"--model-only", "--gpu", folder / "gpu.json"}).code, 65);
}

}  // namespace
}  // namespace albert::testing
