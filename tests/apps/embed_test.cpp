// albert embed, similarity, fill-mask and score: what goes in and comes out, and what is refused.
#include <cmath>
#include <functional>

#include "albert/engine/weights/npy.h"
#include "tests/support/golden_embeddings.h"
#include "tests/support/program.h"

namespace albert::testing {
namespace {

using nlohmann::json;

const std::string kGolden = ALBERT_GOLDEN_DIR, kModel = kGolden + "/embeddings";

class EmbeddingCommands : public ::testing::Test {
 protected:
  std::vector<std::string> command(const std::string& name, std::vector<std::string> more) const {
    std::vector<std::string> all = {name, "--model", kModel, "--threads", "1", "--device", "cpu"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Outcome run(const std::string& name, const std::vector<std::string>& more) const {
    return run_albert(command(name, more));
  }
  Outcome run_on(const std::string& bytes, const std::string& name,
                 const std::vector<std::string>& more) const {
    write_bytes(folder / "stdin", bytes);
    return run_albert_on(folder / "stdin", ALBERT_PROGRAM, command(name, more));
  }
  std::string file(const std::string& name, const std::string& bytes) const {
    write_bytes(folder / name, bytes);
    return folder / name;
  }
  std::string texts_file() const {
    std::string lines;
    for (const std::string& text : texts) lines += json{{"text", text}}.dump() + "\n";
    return file("texts.jsonl", lines);
  }
  HostTensor wanted(const std::string& name) const {
    for (const auto& one : golden.at("cases"))
      if (one.at("name") == name) return matrix_of(one.at("embeddings"));
    throw std::runtime_error(name);
  }

  TemporaryFolder folder;
  const json golden = golden_embeddings(kGolden);
  const std::vector<std::string> texts = golden.at("texts").get<std::vector<std::string>>();
};

void expect_row(const std::vector<double>& found, std::span<const float> wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i)
    EXPECT_NEAR(found[i], static_cast<double>(wanted[i]), 1e-5);
}

TEST_F(EmbeddingCommands, EveryFormatHasTheSameNumbers) {
  const HostTensor mean = wanted("mean");
  const std::string input = texts_file(), npy = folder / "e.npy", tsv = folder / "e.tsv";
  const Outcome lines = run("embed", {"--input", input});
  ASSERT_EQ(lines.code, 0) << lines.err;
  const auto rows = lines.json_lines();
  ASSERT_EQ(rows.size(), texts.size());
  for (size_t i = 0; i < rows.size(); ++i)
    expect_row(rows[i].at("embedding").get<std::vector<double>>(),
               mean.row<float>(static_cast<int64_t>(i)));
  ASSERT_EQ(run("embed", {"--input", input, "--output", npy}).code, 0);
  const HostTensor read = NpyReader(npy).read(100);
  ASSERT_EQ(read.shape(), mean.shape());
  ASSERT_EQ(run("embed", {"--input", input, "--output", tsv}).code, 0);
  std::istringstream table(read_bytes(tsv));
  for (size_t i = 0; i < rows.size(); ++i)
    for (size_t d = 0; d < 12; ++d) {
      float value = 0;
      table >> value;
      EXPECT_EQ(value, rows[i].at("embedding")[d].get<float>());
      EXPECT_EQ(value, read.row<float>(static_cast<int64_t>(i))[d]);
    }
}

TEST_F(EmbeddingCommands, LinesThatCannotBeReadKeepTheirPlace) {
  const std::string bytes =
      "a whale\n\xFF\n\n{\"text\": 1.5}\n{\"input_ids\": [2, 5, 3]}\n"
      "{\"input_ids\": [2, 99, 3]}\nthe sea\n";
  const Outcome all = run_on(bytes, "embed", {"--batch_size", "2"});
  EXPECT_EQ(all.code, 65) << all.err;
  EXPECT_TRUE(all.says("3 lines could not be read")) << all.err;
  const auto rows = all.json_lines();
  ASSERT_EQ(rows.size(), 7U);
  for (const size_t good : {0U, 2U, 4U, 6U}) EXPECT_TRUE(rows[good].contains("embedding")) << good;
  for (const size_t bad : {1U, 3U, 5U}) EXPECT_EQ(rows[bad].at("line"), bad + 1);
  EXPECT_NE(rows[5].at("error").get<std::string>().find("99"), std::string::npos);
  const Outcome alone = run_on("the sea\n", "embed", {});
  EXPECT_EQ(alone.json_lines()[0], rows[6]);
  const std::string npy = folder / "e.npy";
  EXPECT_EQ(run_on(bytes, "embed", {"--output", npy}).code, 65);
  const HostTensor read = NpyReader(npy).read(100);
  ASSERT_EQ(read.dim(0), 7);
  for (int64_t i = 0; i < 7; ++i)
    EXPECT_EQ(std::isnan(read.row<float>(i)[0]), i % 2 == 1 && i != 7) << i;
}

TEST_F(EmbeddingCommands, OptionsReachTheModel) {
  const std::string input = texts_file();
  const auto first = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all = {"--input", input};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = run("embed", all);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.json_lines().at(1).at("embedding").get<std::vector<double>>();
  };
  expect_row(first({"--pooling", "max"}), wanted("max").row<float>(1));
  expect_row(first({"--normalize"}), wanted("normalize").row<float>(1));
  expect_row(first({"--max_seq_length", "8"}), wanted("short").row<float>(1));
  expect_row(first({"--pooling", "lasttoken,weightedmean,mean_sqrt_len_tokens,mean,max,cls"}),
             wanted("several").row<float>(1));
  EXPECT_EQ(first({"--dimensions", "4"}).size(), 4U);
  EXPECT_NE(first({"--layer", "1"}), first({}));
  EXPECT_NE(first({"--prompt", "query: "}), first({}));
}

TEST_F(EmbeddingCommands, WhatIsSavedIsAFolderOfSentenceTransformers) {
  const std::string saved = folder / "saved", input = texts_file();
  const Outcome made =
      run("embed", {"--pooling", "max", "--normalize", "--layer", "2", "--save_to", saved});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_TRUE(std::filesystem::exists(saved + "/modules.json"));
  const Outcome theirs =
      run_albert({"embed", "--model", saved, "--input", input, "--threads", "1"});
  ASSERT_EQ(theirs.code, 0) << theirs.err;
  EXPECT_EQ(
      theirs.out,
      run("embed", {"--pooling", "max", "--normalize", "--layer", "2", "--input", input}).out);
  EXPECT_EQ(run("embed", {"--save_to", saved}).code, 2) << "it is there";
}

TEST_F(EmbeddingCommands, UsageIsChecked) {
  const std::string input = texts_file();
  EXPECT_EQ(run("embed", {"--input", input, "--format", "npy"}).code, 2);
  EXPECT_EQ(run("embed", {"--input", input, "--output", folder / "e.txt"}).code, 2);
  EXPECT_EQ(run("embed", {"--input", input, "--pooling", "median"}).code, 2);
  EXPECT_EQ(run("embed", {"--input", input, "--prompt_name", "query"}).code, 2);
  EXPECT_EQ(run("embed", {"--input", input, "--batch_size", "0"}).code, 2);
  EXPECT_EQ(run("embed", {"--input", folder / "none.txt"}).code, 66);
  EXPECT_EQ(run("similarity", {"--queries", input}).code, 2);
  EXPECT_EQ(run("similarity", {"--corpus", input}).code, 2);
  EXPECT_EQ(run("similarity", {"--queries", input, "--corpus", input, "--input", input}).code, 2);
  EXPECT_EQ(run("score", {"--kind", "sop", "--metric", "original", "--input", input}).code, 2);
  EXPECT_EQ(run("fill-mask", {"--text", "[MASK]", "--input", input}).code, 2);
  EXPECT_EQ(run("fill-mask", {"--text", "no mask"}).code, 65);
}

TEST_F(EmbeddingCommands, PairsHaveTheSimilarityOfTheirEmbeddings) {
  const HostTensor mean = wanted("mean");
  const std::string a = texts[1], b = texts[3];
  const std::string tabs = file("pairs.txt", a + "\t" + b + "\nno tab\n" + a + "\t" + a + "\n");
  const Outcome all = run("similarity", {"--input", tabs});
  EXPECT_EQ(all.code, 65);
  const auto rows = all.json_lines();
  ASSERT_EQ(rows.size(), 3U);
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < 12; ++i) {
    const double x = mean.row<float>(1)[i], y = mean.row<float>(3)[i];
    ab += x * y, aa += x * x, bb += y * y;
  }
  EXPECT_NEAR(rows[0].at("score").get<double>(), ab / std::sqrt(aa * bb), 1e-5);
  EXPECT_NEAR(rows[2].at("score").get<double>(), 1, 1e-6);
  EXPECT_EQ(rows[1].at("line"), 2);
  const std::string objects =
      file("pairs.jsonl", json{{"sentence1", a}, {"sentence2", b}}.dump() + "\n");
  const Outcome dot = run("similarity", {"--input", objects, "--similarity", "dot", "--text_column",
                                         "sentence1", "--pair_column", "sentence2"});
  ASSERT_EQ(dot.code, 0) << dot.err;
  EXPECT_NEAR(dot.json_lines()[0].at("score").get<double>(), ab, 1e-4);
}

TEST_F(EmbeddingCommands, ASearchIsTheSameFromTextsAndFromTheirEmbeddings) {
  const std::string corpus = texts_file(), queries = file("q.txt", "the whale sang\n"),
                    npy = folder / "c.npy";
  ASSERT_EQ(run("embed", {"--input", corpus, "--output", npy}).code, 0);
  const Outcome embedded =
      run("similarity", {"--queries", queries, "--corpus", corpus, "--top_k", "3"});
  ASSERT_EQ(embedded.code, 0) << embedded.err;
  const json answer = embedded.json_lines().at(0);
  EXPECT_EQ(answer.at("query"), "the whale sang");
  ASSERT_EQ(answer.at("hits").size(), 3U);
  for (const auto& hit : answer.at("hits"))
    EXPECT_EQ(hit.at("text"), texts[hit.at("corpus_id").get<size_t>()]);
  EXPECT_GE(answer["hits"][0]["score"], answer["hits"][1]["score"]);
  const Outcome kept = run("similarity", {"--queries", queries, "--corpus", corpus, "--embeddings",
                                          npy, "--top_k", "3"});
  EXPECT_EQ(kept.out, embedded.out);
  const std::string fewer = file("fewer.txt", "one\n");
  EXPECT_EQ(run("similarity", {"--queries", queries, "--corpus", fewer, "--embeddings", npy}).code,
            78);
  EXPECT_EQ(run("similarity", {"--queries", queries, "--corpus", corpus, "--embeddings", npy,
                               "--dimensions", "3"})
                .code,
            78);
}

TEST_F(EmbeddingCommands, MasksAreFilledAsThePipelineFillsThem) {
  std::string lines;
  for (const auto& one : golden.at("masked")) lines += one.at("text").get<std::string>() + "\n";
  const Outcome all = run_on(lines + "none\n", "fill-mask", {});
  EXPECT_EQ(all.code, 65);
  const auto rows = all.json_lines();
  ASSERT_EQ(rows.size(), golden.at("masked").size() + 1);
  for (size_t i = 0; i + 1 < rows.size(); ++i) {
    json found = rows[i], wanted_words = golden.at("masked")[i].at("words");
    const std::function<void(json&)> without_scores = [&](json& value) {
      if (value.is_object()) value.erase("score");
      if (value.is_array())
        for (json& item : value) without_scores(item);
    };
    without_scores(found);
    without_scores(wanted_words);
    EXPECT_EQ(found, wanted_words) << i;
  }
  const Outcome targets = run("fill-mask", {"--text", golden.at("masked")[0].at("text"),
                                            "--targets", "sea,whale", "--top_k", "5"});
  ASSERT_EQ(targets.code, 0) << targets.err;
  EXPECT_EQ(targets.json_lines()[0].size(), 2U);
}

TEST_F(EmbeddingCommands, ScoresAreThoseOfTheLibrary) {
  const json one = golden.at("scored")[0];
  const std::string input = file("t.txt", one.at("text").get<std::string>() + "\n");
  for (const char* metric : {"original", "within_word_l2r"}) {
    const Outcome outcome = run("score", {"--input", input, "--metric", metric, "--tokens"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const json line = outcome.json_lines()[0];
    double sum = 0;
    for (const double log_prob : one.at(metric).get<std::vector<double>>()) sum += log_prob;
    EXPECT_NEAR(line.at("pll").get<double>(), sum, 1e-4);
    EXPECT_EQ(line.at("tokens"), one.at(metric).size());
    EXPECT_EQ(line.at("log_probs")[0].at("token"), "the");
    EXPECT_TRUE(outcome.says("pseudo-perplexity")) << outcome.err;
  }
  std::string pairs;
  for (const auto& pair : golden.at("pairs"))
    pairs +=
        pair.at("pair")[0].get<std::string>() + "\t" + pair.at("pair")[1].get<std::string>() + "\n";
  const Outcome order = run("score", {"--kind", "sop", "--input", file("p.txt", pairs)});
  ASSERT_EQ(order.code, 0) << order.err;
  for (size_t i = 0; i < 2; ++i)
    EXPECT_NEAR(order.json_lines()[i].at("in_order").get<double>(),
                golden.at("pairs")[i].at("in_order").get<double>(), 1e-6);
}

}  // namespace
}  // namespace albert::testing
