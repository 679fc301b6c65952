// albert-bench: statistics, what is counted as a token, rows that say what was measured, comparison
// of two runs.
#include "apps/bench/command.h"
#include "apps/bench/phases.h"
#include "apps/bench/report.h"
#include "apps/bench/timing.h"
#include "apps/cli/program.h"
#include "tests/support/files.h"

#include <cmath>
#include <sstream>

namespace albert::testing {
namespace {

using bench::Row;

TEST(Sample, MedianQuantilesAndSpread) {
  const bench::Sample s{{4, 1, 3, 2}};
  EXPECT_DOUBLE_EQ(s.median(), 2.5);
  EXPECT_DOUBLE_EQ(s.quantile(0), 1);
  EXPECT_DOUBLE_EQ(s.quantile(1), 4);
  EXPECT_DOUBLE_EQ(s.quantile(0.9), 3.7);
  EXPECT_DOUBLE_EQ(s.spread(), 3 / 2.5);
  EXPECT_TRUE(std::isnan(bench::Sample{}.median()));
}

TEST(Sample, RatesCountAmountsAfterAWarmUp) {
  int calls = 0;
  const auto s = bench::measure_rate(3, 0, [&] { return static_cast<double>(++calls); });
  EXPECT_EQ(s.rounds.size(), 3U);
  EXPECT_EQ(calls, 4);
}

TEST(Workload, CountsRealAndPaddedTokens) {
  const TemporaryFolder folder;
  write_bytes(folder / "ids.jsonl",
              "{\"input_ids\":[2,5,3]}\n{\"input_ids\":[2,3]}\n{\"input_ids\":[2,5,6,7,3]}\n{"
              "\"input_ids\":[2,3]}\n"
              "{\"input_ids\":[2,3]}\n");
  const auto batches = bench::batches_from({folder / "ids.jsonl", "", ""}, 9, 2, 4);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[0].tokens, 5);
  EXPECT_EQ(batches[0].padded_tokens, 6);
  EXPECT_EQ(batches[1].tokens, 6);  // five were cut to four
  EXPECT_EQ(batches[1].padded_tokens, 8);
  const Refusal few = refusal_of([&] {
    bench::batches_from({folder / "ids.jsonl", "", ""}, 1, 6, 4);
  });
  EXPECT_TRUE(few.says("5 sequences, fewer than a batch of 6")) << few.what;
  write_bytes(folder / "bad.jsonl", "{\"input_ids\":[2]}\n{\"ids\":[2]}\n");
  EXPECT_TRUE(refusal_of([&] {
                bench::batches_from({folder / "bad.jsonl", "", ""}, 1, 1, 4);
              }).says("bad.jsonl:2"));
}

TEST(Workload, KnowsTheReleasedSizes) {
  EXPECT_EQ(bench::config_of("xlarge").hidden_size, 2048);
  EXPECT_EQ(bench::config_of("xxlarge").num_attention_heads, 64);
  EXPECT_TRUE(refusal_of([] { bench::config_of("huge"); }).says("--model huge"));
}

TEST(Compare, SaysSameWithinTheSpread) {
  const std::vector<Row> old{{{"name", "a"}, {"per_second", 100.0}, {"spread", 0.04}},
                             {{"name", "b"}, {"per_second", 100.0}, {"spread", 0.02}},
                             {{"name", "c"}, {"per_second", 100.0}, {"spread", 0.02}}};
  const std::vector<Row> now{{{"name", "a"}, {"per_second", 104.0}, {"spread", 0.06}},
                             {{"name", "b"}, {"per_second", 104.0}, {"spread", 0.02}},
                             {{"name", "c"}, {"per_second", 90.0}, {"spread", 0.02}},
                             {{"name", "new"}, {"per_second", 1.0}}};
  const auto rows = bench::compared(now, old);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0]["verdict"], "same");
  EXPECT_EQ(rows[1]["verdict"], "faster");
  EXPECT_EQ(rows[2]["verdict"], "slower");
  EXPECT_DOUBLE_EQ(rows[2]["ratio"].get<double>(), 0.9);
}

class Bench : public ::testing::Test {
 protected:
  Bench() {
    write_bytes(
        folder / "config.json",
        R"({"model_type": "albert", "vocab_size": 50, "embedding_size": 8, "hidden_size": 16,
        "num_hidden_layers": 2,
                    "num_attention_heads": 2, "intermediate_size": 32,
                    "max_position_embeddings": 16})");
  }
  struct Outcome {
    int code;
    std::string out, err;
  };
  Outcome run(std::vector<std::string> more) const {
    more.insert(more.begin(),
                {"--model", folder / "config.json", "--batch_size", "2", "--max_seq_length", "6",
                 "--rounds", "2", "--seconds", "0", "--threads", "1"});
    std::ostringstream out, err;
    const int code = apps::run_single({"albert-bench", "", bench::declare_bench}, more, out, err);
    return {code, out.str(), err.str()};
  }
  TemporaryFolder folder;
};

TEST_F(Bench, EveryStepHasItsKernelsAndProducts) {
  const Outcome r = run({"--phases", "inference,latency,pretraining,finetuning,classification",
                         "--breakdown", "--output", folder / "o"});
  ASSERT_EQ(r.code, 0) << r.err;
  const auto rows = Row::parse(read_bytes(folder / "o")).at("rows");
  ASSERT_EQ(rows.size(), 5U);
  for (const Row& row : rows) {
    EXPECT_GT(row.at("per_second").get<double>(), 0) << row;
    EXPECT_EQ(row.at("rounds").size(), 2U);
    EXPECT_GT(row.at("share_of_ceiling").get<double>(), 0);
    EXPECT_FALSE(row.at("kernels").empty());
  }
  EXPECT_GE(rows[1].at("p99_seconds").get<double>(), rows[1].at("p50_seconds").get<double>());
  // a step: two layers, each layer's feed-forward once: [12, 32] from 16
  int64_t calls = 0;
  for (const Row& matmul : rows[0].at("matmuls"))
    if (matmul.at("matmul") == "12 x 32 x 16 linear") calls += matmul.at("calls").get<int64_t>();
  EXPECT_EQ(calls, 2 * 2);  // key and value together have that shape, too
  bool backward = false;
  for (const Row& kernel : rows[2].at("kernels"))
    backward |= kernel.at("kernel") == "attention_backward";
  EXPECT_TRUE(backward);
  EXPECT_NE(r.out.find("attention_forward"), std::string::npos);
}

TEST_F(Bench, ComparesWithAnEarlierRun) {
  ASSERT_EQ(run({"--phases", "inference", "--output", folder / "old"}).code, 0);
  const Outcome r = run({"--phases", "inference", "--compare", folder / "old"});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("verdict"), std::string::npos);
  write_bytes(folder / "bad", "[]");
  EXPECT_EQ(run({"--phases", "inference", "--compare", folder / "bad"}).code, 65);
}

TEST_F(Bench, TokenizingNewTextAndRepeatedTextAreTwoRows) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "word" + std::to_string(i * 7919) + " of a text\n";
  write_bytes(folder / "text", text);
  const std::string vocabulary = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";
  ASSERT_EQ(run({"--phases", "tokenize", "--lengths_from", folder / "text", "--tokenizer",
                 vocabulary, "--output", folder / "rows"})
                .code,
            0);
  const auto rows = Row::parse(read_bytes(folder / "rows")).at("rows");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("name"), "tokenize text, first pass");
  EXPECT_EQ(rows[1].at("name"), "tokenize text, repeated");
  for (const Row& row : rows) {
    EXPECT_GT(row.at("per_second").get<double>(), 0) << row;
    EXPECT_GT(row.at("tokens_per_second").get<double>(), 0) << row;
    EXPECT_EQ(row.at("rounds").size(), 2U);
  }
}

TEST_F(Bench, RefusesWhatItCannotMeasure) {
  Outcome r = run({"--phases", "inferense"});
  EXPECT_EQ(r.code, 2);
  EXPECT_NE(r.err.find("did you mean inference?"), std::string::npos) << r.err;
  EXPECT_EQ(run({"--phases", "inference", "--rounds", "0"}).code, 2);
  EXPECT_EQ(run({"--phases", "tokenize"}).code, 2);
  write_bytes(folder / "text", "a\nb\n");
  r = run({"--phases", "inference", "--lengths_from", folder / "text"});
  EXPECT_NE(r.err.find("needs --tokenizer"), std::string::npos) << r.err;
}

}  // namespace
}  // namespace albert::testing
