// Google's records of examples: there and back, by the rules of the format, and hostile ones.
#include "albert/trainer/data/recorded_examples.h"

#include <algorithm>
#include <random>

#include "albert/base/error.h"
#include "albert/base/protobuf.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

constexpr int64_t kVocabulary = 30;
constexpr TfExampleSizes kSizes{12, 4};

const MaskingVocabulary& vocabulary() {
  static const MaskingVocabulary small = [] {
    MaskingVocabulary v(*Tokenizer::from_pretrained(ALBERT_GOLDEN_DIR "/tokenizer"));
    v.size = kVocabulary;
    v.starts_word.assign(static_cast<size_t>(kVocabulary), true);
    v.starts_word[9] = false;
    return v;
  }();
  return small;
}

// [CLS] 8 [MASK] [SEP] 10 [SEP], where 9 was masked.
PretrainingExample small_example() {
  PretrainingExample e;
  e.input_ids = {2, 8, 4, 3, 10, 3};
  e.token_type_ids = {0, 0, 0, 0, 1, 1};
  e.masked_positions = {2};
  e.masked_labels = {9};
  e.sentence_order_label = 1;
  return e;
}

void expect_equal(const PretrainingExample& a, const PretrainingExample& b) {
  EXPECT_EQ(a.input_ids, b.input_ids);
  EXPECT_EQ(a.token_type_ids, b.token_type_ids);
  EXPECT_EQ(a.masked_positions, b.masked_positions);
  EXPECT_EQ(a.masked_labels, b.masked_labels);
  EXPECT_EQ(a.sentence_order_label, b.sentence_order_label);
}

std::string feature(const std::string& name, const std::string& list) {
  return protobuf::bytes_field(1, protobuf::bytes_field(1, name) + protobuf::bytes_field(2, list));
}
std::string integers(const std::string& packed) {
  return protobuf::bytes_field(3, protobuf::bytes_field(1, packed));
}

TEST(TfExamples, HaveGooglesFeaturesFilledUpWithZeros) {
  const std::string made = tf_example_of(small_example(), kSizes, vocabulary());
  const std::string one = protobuf::fixed32(0x3f800000);
  const std::string map =
      feature("input_ids", integers(std::string("\2\10\4\3\12\3\0\0\0\0\0\0", 12))) +
      feature("input_mask", integers(std::string("\1\1\1\1\1\1\0\0\0\0\0\0", 12))) +
      feature("masked_lm_ids", integers(std::string("\11\0\0\0", 4))) +
      feature("masked_lm_positions", integers(std::string("\2\0\0\0", 4))) +
      feature("masked_lm_weights",
              protobuf::bytes_field(2, protobuf::bytes_field(1, one + std::string(12, '\0')))) +
      feature("next_sentence_labels", integers("\1")) +
      feature("segment_ids", integers(std::string("\0\0\0\0\1\1\0\0\0\0\0\0", 12))) +
      feature("token_boundary", integers(std::string("\1\1\0\1\1\1\0\0\0\0\0\0", 12)));
  EXPECT_EQ(made, protobuf::bytes_field(1, map));
}

TEST(TfExamples, ComeBackAndAreWrittenToTheSameBytes) {
  std::mt19937 random(5);
  for (int i = 0; i < 200; ++i) {
    PretrainingExample e;
    const size_t length = 1 + random() % 12;
    for (size_t t = 0; t < length; ++t) {
      e.input_ids.push_back(static_cast<int32_t>(random() % kVocabulary));
      e.token_type_ids.push_back(static_cast<int32_t>(random() % 2));
      if (random() % 3 > 0 || e.masked_positions.size() == 4) continue;
      e.masked_positions.push_back(static_cast<int32_t>(t));
      e.masked_labels.push_back(static_cast<int32_t>(random() % kVocabulary));
    }
    e.sentence_order_label = static_cast<int32_t>(random() % 2);
    const std::string bytes = tf_example_of(e, kSizes, vocabulary());
    TfExampleSizes sizes{};
    const PretrainingExample back = example_in("record", bytes, kVocabulary, &sizes);
    expect_equal(back, e);
    EXPECT_EQ(sizes.max_seq_length, 12);
    EXPECT_EQ(sizes.max_predictions_per_seq, 4);
    EXPECT_EQ(tf_example_of(back, kSizes, vocabulary()), bytes);
  }
}

TEST(TfExamples, TooLongOnesAreRefused) {
  EXPECT_THROW(tf_example_of(small_example(), {5, 4}, vocabulary()), Error);
  EXPECT_THROW(tf_example_of(small_example(), {12, 0}, vocabulary()), Error);
}

TEST(TfExamples, WhatIsNoExampleIsRefusedByName) {
  const std::string good = tf_example_of(small_example(), kSizes, vocabulary());
  const auto refused = [](const std::string& bytes, const char* what) {
    const Refusal r = refusal_of([&] { example_in("a.tfrecord", bytes, kVocabulary); });
    EXPECT_EQ(r.code, ErrorCode::kBadData);
    EXPECT_TRUE(r.says("a.tfrecord") && r.says(what)) << r.what;
  };
  refused("", "found no feature input_ids");
  refused(protobuf::bytes_field(1, feature("input_ids", integers("\1"))), "masked_lm_positions");
  const auto with = [&](const std::string& name, const std::string& list) {
    std::string features = good.substr(2);  // behind the key and a length of one byte
    if (static_cast<unsigned char>(good[1]) >= 0x80) features = good.substr(3);
    return protobuf::bytes_field(1, features + feature(name, list));
  };
  refused(with("input_ids", integers("\1")), "input_mask: found 12 numbers, wanted 13");
  PretrainingExample e = small_example();
  e.masked_positions = {7};
  e.masked_labels = {9};
  e.input_ids.resize(8, 5);
  e.token_type_ids.resize(8, 1);
  std::string far = tf_example_of(e, kSizes, vocabulary());
  far.replace(far.find(std::string("\7\0\0\0", 4)), 1, "\10");
  refused(far, "masked_lm_positions: found 8, wanted 0 to 7");
  e = small_example();
  e.input_ids[1] = 29;
  std::string high = tf_example_of(e, kSizes, vocabulary());
  high[high.find("\2\x1d\4\3") + 1] = 30;
  refused(high, "input_ids: found 30, wanted 0 to 29");
  for (size_t cut = 1; cut < good.size(); cut += 7) {
    const Refusal r = refusal_of([&] { example_in("x", good.substr(0, cut), kVocabulary); });
    EXPECT_EQ(r.code, ErrorCode::kBadData) << cut;
  }
}

// Examples of a growing length, one for each position.
class Lengths final : public ExampleSource {
 public:
  PretrainingExample example(int64_t position) const override {
    PretrainingExample e = small_example();
    e.input_ids[1] = static_cast<int32_t>(5 + position);
    return e;
  }
  int64_t size_of_pass(int64_t pass) const override { return 3 + pass; }
};

TEST(RecordedExamples, GoInTurnToTheFilesAndComeInAnotherOrderEachPass) {
  const TemporaryFolder folder;
  const std::vector<std::filesystem::path> files{folder / "a", folder / "b"};
  EXPECT_EQ(write_tf_examples(Lengths(), 2, files, kSizes, vocabulary()), 7);
  EXPECT_EQ(TfRecordFile(files[0]).size(), 4);
  EXPECT_EQ(TfRecordFile(files[1]).size(), 3);
  expect_equal(example_in("b", TfRecordFile(files[1]).read(1), kVocabulary), Lengths().example(3));
  const RecordedExamples recorded(files, kVocabulary, 1);
  EXPECT_EQ(recorded.sizes().max_seq_length, 12);
  std::vector<std::vector<int32_t>> passes(4);
  for (int64_t p = 0; p < 4 * 7; ++p)
    passes[static_cast<size_t>(p / 7)].push_back(recorded.example(p).input_ids[1]);
  EXPECT_FALSE(passes[0] == passes[1] && passes[1] == passes[2]);
  for (auto& pass : passes) {
    std::sort(pass.begin(), pass.end());
    EXPECT_EQ(pass, (std::vector<int32_t>{5, 6, 7, 8, 9, 10, 11}));
  }
}

TEST(RecordedExamples, DamagedFilesAreNamedWithTheByte) {
  const TemporaryFolder folder;
  write_tf_examples(Lengths(), 1, {folder / "a"}, kSizes, vocabulary());
  const std::string good = read_bytes(folder / "a");
  const size_t record = good.size() / 3;
  const auto refused = [&](const std::string& bytes, const std::string& what) {
    write_bytes(folder / "b", bytes);
    const Refusal r = refusal_of([&] {
      const RecordedExamples recorded({folder / "b"}, kVocabulary, 1);
      for (int64_t p = 0; p < 3; ++p) recorded.example(p);
    });
    EXPECT_EQ(r.code, ErrorCode::kBadData);
    EXPECT_TRUE(r.says(what)) << r.what;
  };
  refused("", "found no records");
  refused("text, not records", "byte 0: found no record");
  for (const size_t cut : {size_t{3}, record - 1, record + 5, good.size() - 1})
    refused(good.substr(0, cut), "was it cut short?");
  for (const size_t at : {record + 13, good.size() - 2}) {
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    refused(flipped, "the record's checksum is wrong");
  }
  const std::string other = RecordedExamples({folder / "a"}, kVocabulary, 1).fingerprint();
  write_tf_examples(Lengths(), 2, {folder / "b"}, kSizes, vocabulary());
  EXPECT_NE(RecordedExamples({folder / "b"}, kVocabulary, 1).fingerprint(), other);
}

}  // namespace
}  // namespace albert::testing
