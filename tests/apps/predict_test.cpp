// albert predict: what a line means, wherever it comes from; what the scores are; what is refused.
#include <cmath>

#include "tests/support/classifiers.h"
#include "tests/support/program.h"

namespace albert::testing {
namespace {

using nlohmann::json;

const std::string kSpiece = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";

class Predict : public ::testing::Test {
 protected:
  Predict() { write_classifier(folder.path(), {{}, {"bad", "good"}}, kSpiece); }

  std::vector<std::string> command(std::vector<std::string> more = {}) const {
    std::vector<std::string> all = {"predict", "--model",  folder.path(), "--threads",
                                    "1",       "--device", "cpu"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Outcome from_file(const std::string& name, const std::string& bytes,
                    std::vector<std::string> more = {}) const {
    write_bytes(folder / name, bytes);
    more.insert(more.end(), {"--input", folder / name});
    return run_albert(command(more));
  }
  Outcome from_standard_input(const std::string& bytes, std::vector<std::string> more = {}) const {
    write_bytes(folder / "stdin", bytes);
    return run_albert_on(folder / "stdin", ALBERT_PROGRAM, command(more));
  }
  void write(const ClassifierFolder& is) const { write_classifier(folder.path(), is, kSpiece); }

  TemporaryFolder folder;
};

constexpr const char* kMark = "\xEF\xBB\xBF";

TEST_F(Predict, ALineMeansTheSameFromAFileAndFromTheStandardInput) {
  const Outcome plain = from_file("a.txt", "a fine film\n");
  ASSERT_EQ(plain.code, 0) << plain.err;
  EXPECT_NE(from_file("a.txt", "a dull film\n").out, plain.out);
  const std::string object = "{\"text\": \"a fine film\"}";
  for (const std::string& line :
       {std::string("a fine film\r\n"), kMark + std::string("a fine film"), object,
        kMark + object + "\r\n", " " + object, "\t" + object + " \n", kMark + (" " + object)}) {
    EXPECT_EQ(from_file("a.txt", line).out, plain.out) << line;
    EXPECT_EQ(from_standard_input(line).out, plain.out) << line;
    if (line.find('{') != std::string::npos) {
      EXPECT_EQ(from_file("a.jsonl", line).out, plain.out) << line;
    }
  }
  EXPECT_EQ(from_file("a.tsv", kMark + std::string("text\tx\r\na fine film\t1\r\n")).out,
            plain.out);
  EXPECT_EQ(from_file("a.tsv", "sentence\na fine film\n", {"--text_column", "sentence"}).out,
            plain.out);
}

TEST_F(Predict, ALineThatCannotBeReadHasAnErrorInItsPlace) {
  const std::string bytes =
      "fine\n[{\"text\": \"a\"}]\n\r\n  \n{\"text\": \n{\"txt\": 1}\n{\"text\": 7}\nno\xFE\nfine";
  for (const Outcome& r :
       {from_file("a.txt", bytes), from_file("a.txt", bytes, {"--batch_size", "1"}),
        from_standard_input(bytes)}) {
    EXPECT_EQ(r.code, 65);
    EXPECT_TRUE(r.says("6 lines could not be read")) << r.err;
    const auto lines = r.json_lines();
    ASSERT_EQ(lines.size(), 9U);
    for (const size_t good : {0, 6, 8}) EXPECT_TRUE(lines[good].contains("label")) << good;
    EXPECT_EQ(lines[0], lines[8]);
    EXPECT_EQ(lines[1], (json{{"line", 2}, {"error", "found a list, wanted a JSON object"}}));
    EXPECT_EQ(lines[2], (json{{"line", 3}, {"error", "the line is empty"}}));
    EXPECT_EQ(lines[3], (json{{"line", 4}, {"error", "the line is empty"}}));
    EXPECT_EQ(lines[4]["line"], 5);
    EXPECT_EQ(lines[5]["error"], "found \"txt\", wanted \"text\"");
    EXPECT_EQ(lines[7]["error"], "byte 3 is not UTF-8");
  }
  for (const char* line : {"a fine film\n", "7\n", "\"a\"\n", "[\"a\"]\n"})
    EXPECT_EQ(from_file("a.jsonl", line).code, 65) << line;
}

TEST_F(Predict, ADamagedFileIsAnErrorAndNoLine) {
  const Outcome r = from_file("a.txt.gz", std::string("\x1F\x8B\x08\0\0\0\0\0\0\3damaged", 17));
  EXPECT_EQ(r.code, 65);
  EXPECT_TRUE(r.says("a.txt.gz:1: ")) << r.err;
  EXPECT_EQ(from_file("a.tsv", "sentence\na\n").code, 65);
}

TEST_F(Predict, PairsAreReadWhereTheyAre) {
  const std::string pair = "{\"text\": \"a film\", \"text_pair\": \"a book\"}\n";
  const Outcome r = from_file("a.jsonl", pair);
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out, from_file("a.txt", "a film\n").out);
  EXPECT_EQ(from_file("a.tsv", "text\ttext_pair\na film\ta book\n").out, r.out);
  EXPECT_EQ(from_file("b.jsonl", "{\"a\": \"a film\", \"b\": \"a book\"}\n",
                      {"--text_key", "a", "--pair_key", "b"})
                .out,
            r.out);
  const Outcome missing = from_file("a.jsonl", "{\"text\": \"a film\"}\n", {"--pair_column", "b"});
  EXPECT_EQ(missing.code, 65);
  EXPECT_EQ(missing.json_lines().at(0)["error"], "found \"text\", wanted \"b\"");
}

TEST_F(Predict, ScoresAreOfTheProblemTheModelWasTrainedFor) {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto predicted = [&](const ClassifierFolder& is) {
    write(is);
    return from_file("a.txt", "a film\n").json_lines().at(0);
  };
  json r = predicted({{-1, 2}, {"toxic", "insult"}, "multi_label_classification"});
  EXPECT_EQ(r["label"], "insult");
  EXPECT_NEAR(r["probabilities"]["toxic"].get<double>(), sigmoid(-1), 1e-7);
  EXPECT_NEAR(r["probabilities"]["insult"].get<double>(), sigmoid(2), 1e-7);
  EXPECT_EQ(r["score"], r["probabilities"]["insult"]);
  EXPECT_EQ(predicted({{-1.5F}, {"stars"}, "regression"}), (json{{"score", -1.5}}));
  EXPECT_EQ(predicted({{-1.5F, 3}, {"x", "y"}, "regression"}),
            (json{{"scores", {{"x", -1.5}, {"y", 3.0}}}}));
  r = predicted({{2}, {"spam"}});
  EXPECT_NEAR(r["probabilities"]["spam"].get<double>(), sigmoid(2), 1e-7);
}

TEST_F(Predict, ADoubledNameSwallowsNoScore) {
  write({{1, 2, 1, 1}, {"a", "b", "a", "a (0)"}});
  const Outcome r = from_file("a.txt", "a film\n");
  EXPECT_TRUE(r.says("warning: id2label has the name \"a\" more than once")) << r.err;
  const json line = r.json_lines().at(0);
  EXPECT_EQ(line["label"], "b");
  double sum = 0;
  for (const auto& [name, p] : line["probabilities"].items()) sum += p.get<double>();
  EXPECT_EQ(line["probabilities"].size(), 4U);
  EXPECT_NEAR(sum, 1, 1e-6);
  EXPECT_TRUE(line["probabilities"].contains("a (0)"));
  EXPECT_TRUE(line["probabilities"].contains("a (2)"));
}

TEST_F(Predict, LengthsWithoutRoomForAWordAreRefused) {
  for (const char* length : {"0", "-1", "1", "2", "513"}) {
    const Outcome r = from_file("a.txt", "a film\n", {"--max_seq_length", length});
    EXPECT_EQ(r.code, 2) << length;
    EXPECT_TRUE(r.says("max_seq_length " + std::string(length) + ": wanted")) << r.err;
    EXPECT_EQ(r.out, "");
  }
  EXPECT_EQ(from_file("a.txt", "a film\n", {"--max_seq_length", "3"}).code, 0);
  const std::string pair = "{\"text\": \"a\", \"text_pair\": \"b\"}\n";
  EXPECT_EQ(from_file("a.txt", pair, {"--max_seq_length", "4"}).code, 2);
  EXPECT_EQ(from_file("a.txt", pair, {"--max_seq_length", "5"}).code, 0);
}

TEST_F(Predict, ATokenizerOfAnotherSizeIsSaidOrRefused) {
  write({{1, 2}, {}, "", 30010});
  Outcome r = from_file("a.txt", "a film\n");
  EXPECT_EQ(r.code, 0);
  EXPECT_TRUE(r.says("albert: warning: the tokenizer has 30000 pieces, the model 30010")) << r.err;
  write({{1, 2}, {}, "", 29000});
  r = from_file("a.txt", "a film\n");
  EXPECT_EQ(r.code, 78);
  EXPECT_TRUE(r.says("found 30000 pieces, wanted at most 29000")) << r.err;
}

TEST_F(Predict, AModelOfAnotherHeadIsRefusedByItsName) {
  AlbertConfig config = small_config();
  config.architectures = {"AlbertForMaskedLM"};
  write_bytes(folder / "config.json", config.to_json());
  const Outcome r = from_file("a.txt", "a film\n");
  EXPECT_EQ(r.code, 78);
  EXPECT_TRUE(r.says("architectures: found AlbertForMaskedLM")) << r.err;
}

}  // namespace
}  // namespace albert::testing
