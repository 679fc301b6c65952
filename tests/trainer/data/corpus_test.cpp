// Shards as a corpus: the text in its order, and every kind of damage.
#include "albert/trainer/data/corpus.h"

#include "tests/support/corpora.h"

namespace albert::testing {
namespace {

const Tokenizer& tokenizer() { return released_tokenizer(ALBERT_GOLDEN_DIR); }

TEST(Corpus, HoldsTheTextInOrder) {
  const TemporaryFolder folder;
  write_bytes(folder / "t.txt", "a b c\nthe dog\n\nthe cat .\n\n1999\n");
  prepare({.inputs = {folder / "t.txt"},
           .output_dir = folder / "s",
           .documents = {},
           .validation_split = 0},
          tokenizer(), [](const PrepareProgress&) {});
  const Corpus corpus(folder / "s", "train", tokenizer());
  ASSERT_EQ(corpus.documents(), 3);
  EXPECT_EQ(corpus.sentences_of(0), 2);
  std::vector<int32_t> ids;
  corpus.append(0, 1, ids);
  EXPECT_EQ(ids, tokenizer().ids("the dog"));
  EXPECT_EQ(Corpus(folder / "s", "validation", tokenizer()).documents(), 0);
}

TEST(Corpus, EveryDamageIsFound) {
  const TemporaryFolder folder;
  write_bytes(folder / "t.txt", made_text(12, 2));
  prepare_text(folder / "t.txt", folder / "s", tokenizer());
  const auto open = [&] { Corpus(folder / "s", "train", tokenizer()); };
  open();
  const auto shard = folder / "s/train-00000.shard";
  const std::string whole = read_bytes(shard);
  for (size_t at = 0; at < whole.size(); at += 1 + whole.size() / 300) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    write_bytes(shard, changed);
    EXPECT_EQ(refusal_of(open).code, ErrorCode::kBadData) << at;
    write_bytes(shard, whole.substr(0, at));
    EXPECT_EQ(refusal_of(open).code, ErrorCode::kBadData) << at;
  }
  write_bytes(shard, whole);
  const std::string manifest = read_bytes(folder / "s/manifest.json");
  write_bytes(folder / "s/manifest.json", manifest.substr(0, manifest.size() / 2));
  EXPECT_EQ(refusal_of(open).code, ErrorCode::kBadData);
  std::string other = manifest;
  other.replace(other.find("\"tokens\": ") + 10, 1, "9");
  write_bytes(folder / "s/manifest.json", other);
  EXPECT_TRUE(refusal_of(open).says("is not the shard that was written"));
  write_bytes(folder / "s/manifest.json", manifest);
  const auto google =
      Tokenizer::from_pretrained(std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model",
                                 TokenizerOverrides{.preprocessing = Preprocessing::kGoogle});
  EXPECT_EQ(refusal_of([&] { Corpus(folder / "s", "train", *google); }).code, ErrorCode::kMismatch);
  std::filesystem::remove(folder / "s/manifest.json");
  EXPECT_EQ(refusal_of(open).code, ErrorCode::kMissingInput);
}

}  // namespace
}  // namespace albert::testing
