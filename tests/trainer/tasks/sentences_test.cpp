// Words and labels of files, and where these are wrong.
#include "albert/trainer/tasks/tagging/sentences.h"

#include "tests/support/files.h"

namespace albert::testing {
namespace {

using Names = std::vector<std::string>;

class Sentences : public ::testing::Test {
 protected:
  std::vector<TaggedSentence> read(const std::string& name, const std::string& bytes,
                                   const TagColumns& columns = {},
                                   WordLabels labels = WordLabels::kRequired, int64_t most = 0) {
    write_bytes(folder / name, bytes);
    return read_sentences(folder / name, columns, labels, most);
  }
  void refuse(const std::string& name, const std::string& bytes, const std::string& why,
              const TagColumns& columns = {}) {
    const Refusal r = refusal_of([&] { read(name, bytes, columns); });
    EXPECT_EQ(r.code, ErrorCode::kBadData) << r.what;
    EXPECT_TRUE(r.says(why)) << r.what;
  }
  TemporaryFolder folder;
};

constexpr const char* kConll =
    "-DOCSTART- -X- O O\n\nAnn NNP I-NP I-PER\nsaw VBD I-VP O\n\n\n-DOCSTART- -X- -X- -X- O\n"
    "Bob NNP I-NP I-PER\n. . O O";

TEST_F(Sentences, ColumnsStandBetweenBlanksAndDocumentsEndSentences) {
  for (const std::string& bytes : {std::string(kConll), "\xEF\xBB\xBF" + std::string(kConll)}) {
    const auto sentences = read("a.txt", bytes);
    ASSERT_EQ(sentences.size(), 2U);
    EXPECT_EQ(sentences[0].words, (Names{"Ann", "saw"}));
    EXPECT_EQ(sentences[0].labels, (Names{"I-PER", "O"}));
    EXPECT_EQ(sentences[1].words, (Names{"Bob", "."}));
    EXPECT_TRUE(sentences[1].places[0].ends_with("a.txt:8")) << sentences[1].places[0];
  }
  EXPECT_EQ(read("a.txt", kConll, {"1", "2"})[0].labels, (Names{"NNP", "VBD"}));
  EXPECT_EQ(read("a.txt", kConll, {"1", "-2"})[0].labels, (Names{"I-NP", "I-VP"}));
  EXPECT_EQ(read("a.txt", kConll, {}, WordLabels::kRequired, 1).size(), 1U);
}

TEST_F(Sentences, TabsKeepBlanksWithinWordsAndALoneTabIsABlankLine) {
  const auto sentences = read("a.tsv", "New York\tB-LOC\r\n,\tO\r\n\t\r\n#\tO\r\n");
  ASSERT_EQ(sentences.size(), 2U);
  EXPECT_EQ(sentences[0].words, (Names{"New York", ","}));
  EXPECT_EQ(sentences[1].words, (Names{"#"})) << "a word, for it stands in the first column";
}

TEST_F(Sentences, OfGermEvalHaveNumbersCommentsAndTwoLevels) {
  const std::string bytes =
      "#\thttp://example.org [2009-01-01]\n1\tAnn\tB-PER\tO\n2\t#\tO\tO\n\n"
      "# text\n1\tUlm\tB-LOC\tB-ORG\n";
  const auto outer = read("a.tsv", bytes, {"2", "3"}), inner = read("a.tsv", bytes, {"2", "4"});
  ASSERT_EQ(outer.size(), 2U);
  EXPECT_EQ(outer[0].words, (Names{"Ann", "#"}));
  EXPECT_EQ(outer[1].labels, (Names{"B-LOC"}));
  EXPECT_EQ(inner[1].labels, (Names{"B-ORG"}));
}

TEST_F(Sentences, ObjectsHaveListsOfWordsAndOfLabelsAsTextsOrNumbers) {
  const std::string bytes =
      "{\"tokens\": [\"Ann\", \"saw\"], \"ner_tags\": [1, 0], \"tags\": [\"x\", \"y\"]}\n"
      "{\"tokens\": [\"New York\", 7], \"tags\": [\"B-LOC\", \"O\"], \"id\": 3}\n";
  const auto sentences = read("a.jsonl", bytes);
  ASSERT_EQ(sentences.size(), 2U);
  EXPECT_EQ(sentences[0].labels, (Names{"1", "0"}));
  EXPECT_EQ(sentences[1].words, (Names{"New York", "7"}));
  EXPECT_EQ(sentences[1].labels, (Names{"B-LOC", "O"}));
  EXPECT_TRUE(sentences[1].places[1].ends_with("a.jsonl:2: tags[1]"));
  EXPECT_EQ(read("a.jsonl", "{\"w\": [\"a\"], \"p\": [\"N\"]}", {"w", "p"})[0].labels,
            (Names{"N"}));
  EXPECT_EQ(tags_of(sentences, "0=O,1=B-PER"), (TagSequences{{"B-PER", "O"}, {"B-LOC", "O"}}));
}

TEST_F(Sentences, MayLackLabelsWhereTheyAreToBePredicted) {
  const auto optional = [&](const std::string& name, const std::string& bytes) {
    return read(name, bytes, {}, WordLabels::kOptional);
  };
  EXPECT_TRUE(optional("a.txt", "Ann\nsaw\n")[0].labels.empty());
  EXPECT_EQ(optional("a.txt", "Ann O\nsaw O\n")[0].labels.size(), 2U);
  EXPECT_TRUE(optional("a.jsonl", "{\"tokens\": [\"a\"]}")[0].labels.empty());
  EXPECT_EQ(optional("a.jsonl", "{\"tokens\": [\"a\"], \"tags\": [\"O\"]}")[0].labels.size(), 1U);
}

TEST_F(Sentences, ThatAreDamagedAreRefusedByTheirLine) {
  refuse("a.txt", "", "a.txt: no sentences in it");
  refuse("a.txt", "-DOCSTART- O\n\n", "a.txt: no sentences in it");
  refuse("a.txt", "Ann O\nsaw\n", "a.txt:2: found 1 columns, wanted 2 as in line 1");
  refuse("a.txt", "Ann O\nsaw V O\n", "a.txt:2: found 3 columns, wanted 2 as in line 1");
  refuse("a.txt", "Ann\nsaw\n", "a.txt:1: found 1 column, wanted one for words and one for labels");
  refuse("a.txt", "Ann O\n",
         "a.txt:1: found 2 columns, wanted 4 or more; choose another with "
         "--label_column",
         {"1", "4"});
  refuse("a.tsv", "Ann\tO\n\tO\n", "a.tsv:2: column 1: found nothing, wanted a word");
  refuse("a.tsv", "Ann\tO\nsaw\t\n", "a.tsv:2: column 2: found nothing, wanted a label");
  refuse("a.txt", "Ann O\n\xC4gir O\n", "a.txt:2: byte 1 is not UTF-8");
  refuse("a.jsonl", "{\"tokens\": [\"a\", \"b\"], \"tags\": [\"O\"]}",
         "a.jsonl:1: found 1 labels in \"tags\", wanted 2, one for each word");
  refuse("a.jsonl", "{\"tokens\": [\"a\"]}", "a.jsonl:1: found \"tokens\", wanted \"ner_tags\"");
  refuse("a.jsonl", "{\"tokens\": \"a b\", \"tags\": [\"O\"]}",
         "a.jsonl:1: \"tokens\": found \"a b\", wanted a list of strings or numbers");
  refuse("a.jsonl", "{\"tokens\": [[\"a\"]], \"tags\": [\"O\"]}", "a.jsonl:1: \"tokens\": found ");
  const Refusal r = refusal_of([&] { read("a.txt", "Ann O\n", {"word", ""}); });
  EXPECT_EQ(r.code, ErrorCode::kUsage);
  EXPECT_TRUE(r.says("--text_column word: wanted the number of a column")) << r.what;
}

}  // namespace
}  // namespace albert::testing
