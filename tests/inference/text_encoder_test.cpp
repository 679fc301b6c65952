#include "albert/inference/text_encoder.h"

#include "tests/support/files.h"

namespace albert::testing {
namespace {

std::shared_ptr<const Tokenizer> tokenizer() {
  return Tokenizer::from_pretrained(std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model");
}

AlbertConfig config(int64_t words = 30000, int64_t positions = 512) {
  AlbertConfig c;
  c.vocab_size = words;
  c.max_position_embeddings = positions;
  return c;
}

TEST(TextEncoder, RefusesLengthsWithoutRoomForAWord) {
  for (const int64_t length : {-1, 0, 1, 2}) {
    const Refusal r = refusal_of([&] { TextEncoder(tokenizer(), config(), length); });
    EXPECT_EQ(r.code, ErrorCode::kUsage);
    EXPECT_TRUE(r.says("max_seq_length " + std::to_string(length) + ": wanted 3 or more"))
        << r.what;
  }
  const TextEncoder three(tokenizer(), config(), 3);
  EXPECT_EQ(three.encode({"hello world"}).input_ids, (std::vector<int32_t>{2, 10975, 3}));
  for (const int64_t length : {3, 4}) {
    const TextEncoder encoder(tokenizer(), config(), length);
    const Refusal r = refusal_of([&] { encoder.encode({"hello", "world"}); });
    EXPECT_EQ(r.code, ErrorCode::kUsage);
    EXPECT_TRUE(r.says("wanted 5 or more")) << r.what;
  }
  const TokenIds pair = TextEncoder(tokenizer(), config(), 5).encode({"hello you", "world, you"});
  EXPECT_EQ(pair.input_ids, (std::vector<int32_t>{2, 10975, 3, 126, 3}));
  EXPECT_EQ(pair.token_type_ids, (std::vector<int32_t>{0, 0, 0, 1, 1}));
}

TEST(TextEncoder, LengthsEndAtTheModelsPositions) {
  EXPECT_EQ(TextEncoder(tokenizer(), config()).max_seq_length(), 512);
  EXPECT_EQ(TextEncoder(tokenizer(), config(30000, 1024)).max_seq_length(), 512);
  EXPECT_EQ(TextEncoder(tokenizer(), config(30000, 24)).max_seq_length(), 24);
  EXPECT_EQ(TextEncoder(tokenizer(), config(), {}, 128).max_seq_length(), 128);
  const Refusal r = refusal_of([] { TextEncoder(tokenizer(), config(30000, 24), 25); });
  EXPECT_EQ(r.code, ErrorCode::kUsage);
  EXPECT_TRUE(r.says("max_seq_length 25: wanted at most 24")) << r.what;
}

TEST(TextEncoder, SaysWhichTextsWereTruncated) {
  const TextEncoder encoder(tokenizer(), config(), 5);
  EXPECT_FALSE(encoder.encode({"hello world"}).truncated);
  EXPECT_FALSE(encoder.encode({"hello world hello"}).truncated);
  const TokenIds cut = encoder.encode({"hello world hello world"});
  EXPECT_TRUE(cut.truncated);
  EXPECT_EQ(cut.input_ids.size(), 5U);
}

TEST(TextEncoder, ATokenizerOfAnotherSizeIsSaidOrRefused) {
  EXPECT_EQ(TextEncoder(tokenizer(), config()).warning(), "");
  EXPECT_EQ(TextEncoder(tokenizer(), config(30002)).warning(),
            "the tokenizer has 30000 pieces, the model 30002 words (vocab_size)");
  const Refusal r = refusal_of([] { TextEncoder(tokenizer(), config(29999)); });
  EXPECT_EQ(r.code, ErrorCode::kMismatch);
  EXPECT_TRUE(r.says("found 30000 pieces, wanted at most 29999")) << r.what;
}

TEST(TextEncoder, TextThatIsNotUtf8IsRefused) {
  const TextEncoder encoder(tokenizer(), config());
  EXPECT_EQ(refusal_of([&] { encoder.encode({"no\xFE"}); }).code, ErrorCode::kBadData);
}

}  // namespace
}  // namespace albert::testing
