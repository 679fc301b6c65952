#include "albert/engine/packed_batch.h"

#include <gtest/gtest.h>

#include "albert/engine/argsort.h"

#include "tests/support/models.h"

namespace albert::testing {
namespace {

template <class T>
HostTensor rows(std::initializer_list<std::vector<T>> values) {
  std::vector<T> all;
  for (const auto& row : values) all.insert(all.end(), row.begin(), row.end());
  return HostTensor::of<T>(
      {static_cast<int64_t>(values.size()), static_cast<int64_t>(values.begin()->size())}, all);
}

std::vector<int32_t> ints(HostView t) {
  return {t.as<int32_t>(), t.as<int32_t>() + t.shape.size()};
}

std::vector<int64_t> longs(HostView t) {
  return {t.as<int64_t>(), t.as<int64_t>() + t.shape.size()};
}

// What the constructor says about inputs it refuses.
std::string refusal(BatchInputs inputs, const AlbertConfig& config = tiny_config()) {
  try {
    PackedBatch batch(inputs, batch_limits(config));
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kBadData);
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
    return e.what();
  }
  return "accepted";
}

TEST(PackedBatch, KeepsRealTokensWithTheirColumns) {
  ModelInputs in;
  in.input_ids = rows<int64_t>({{5, 6, 7, 0}, {0, 8, 0, 9}});
  in.attention_mask = rows<float>({{1, 1, 1, 0}, {0, 1, 0, 1}});
  in.token_type_ids = rows<int32_t>({{0, 1, 2, 0}, {0, 1, 0, 2}});
  const PackedBatch batch(in, batch_limits(tiny_config()));
  EXPECT_EQ(batch.tokens(), 5);
  EXPECT_EQ(ints(batch.input_ids()), (std::vector<int32_t>{5, 6, 7, 8, 9}));
  EXPECT_EQ(ints(batch.token_type_ids()), (std::vector<int32_t>{0, 1, 2, 1, 2}));
  EXPECT_EQ(ints(batch.position_ids()), (std::vector<int32_t>{0, 1, 2, 1, 3}));
  EXPECT_EQ(ints(batch.cu_seqlens()), (std::vector<int32_t>{0, 3, 5}));
  EXPECT_EQ(ints(batch.index_in_sequence()), (std::vector<int32_t>{0, 1, 2, 0, 1}));
  EXPECT_EQ(batch.row_of(1, 3), 4);
  EXPECT_EQ(batch.row_of(1, 2), std::nullopt);
  EXPECT_THROW(batch.first_rows(), Error);  // sequence 1 is padded on the left
  const HostTensor back = batch.unpack(batch.pack(in.input_ids, "input_ids"));
  EXPECT_EQ(doubles(back), (std::vector<double>{5, 6, 7, 0, 0, 8, 0, 9}));
}

TEST(PackedBatch, RowsAreSortedByEachOfTheirIds) {
  ModelInputs in;
  in.input_ids = rows<int64_t>({{5, 6, 5, 0}, {0, 8, 0, 5}});
  in.attention_mask = rows<float>({{1, 1, 1, 0}, {0, 1, 0, 1}});
  in.token_type_ids = rows<int32_t>({{0, 1, 2, 0}, {0, 1, 0, 2}});
  PackedBatch batch(in, batch_limits(tiny_config()));
  EXPECT_FALSE(batch.rows_by_input_id());
  batch.sort_rows(batch_limits(tiny_config()));
  EXPECT_EQ(ints(batch.rows_by_input_id()), (std::vector<int32_t>{0, 2, 4, 1, 3}));
  EXPECT_EQ(ints(batch.rows_by_token_type_id()), (std::vector<int32_t>{0, 1, 3, 2, 4}));
  EXPECT_EQ(ints(batch.rows_by_position_id()), (std::vector<int32_t>{0, 1, 3, 2, 4}));
}

TEST(Argsort, IsStableAndTakesTheLargestId) {
  EXPECT_EQ(argsort({}, 7), std::vector<int32_t>{});
  EXPECT_EQ(argsort({6, 0, 6, 3, 0}, 7), (std::vector<int32_t>{1, 4, 3, 0, 2}));
}

TEST(PackedBatch, DropoutIdentityFollowsTheTokenNotItsRow) {
  ModelInputs in;
  in.input_ids = rows<int64_t>({{5, 6}, {7, 8}});
  const PackedBatch full(in, batch_limits(tiny_config()));
  in.attention_mask = rows<int64_t>({{1, 0}, {1, 1}});
  const PackedBatch ragged(in, batch_limits(tiny_config()));
  EXPECT_EQ(full.row_ids().as<int64_t>()[3], ragged.row_ids().as<int64_t>()[2]);
  EXPECT_NE(full.row_ids().as<int64_t>()[1], full.row_ids().as<int64_t>()[2]);
}

TEST(PackedBatch, RefusesWhatAKernelWouldTrust) {
  const AlbertConfig config = tiny_config();
  ModelInputs in;
  in.input_ids = rows<int64_t>({{1, 29}});
  EXPECT_EQ(refusal(in), "input_ids[0, 1] is 29, the model has 29 words (vocab_size) (0..28)");
  in.input_ids = rows<int64_t>({{-1, 2}});
  EXPECT_NE(refusal(in).find("input_ids[0, 0] is -1"), std::string::npos);
  in.input_ids = rows<int64_t>({{1, 2}});
  in.token_type_ids = rows<int64_t>({{0, 3}});
  EXPECT_NE(refusal(in).find("token_type_ids[0, 1] is 3"), std::string::npos);
  in.token_type_ids = rows<int64_t>({{0, 1, 2}});
  EXPECT_NE(refusal(in).find("token_type_ids is [1, 3], input_ids is [1, 2]"), std::string::npos);
  in.token_type_ids = {};
  in.position_ids = rows<int64_t>({{0, 24}});
  EXPECT_NE(refusal(in).find("position_ids[0, 1] is 24"), std::string::npos);
  in.position_ids = {};
  in.attention_mask = rows<float>({{1, 0.5F}});
  EXPECT_NE(refusal(in).find("attention_mask[0, 1] is 0.5"), std::string::npos);
  in.attention_mask = rows<int64_t>({{0, 0}});
  EXPECT_NE(refusal(in).find("sequence 0 has no token"), std::string::npos);
  in.attention_mask = {};
  in.input_ids = HostTensor(DType::kI64, {1, config.max_position_embeddings + 1});
  EXPECT_NE(refusal(in).find("25 tokens, the model has 24 positions"), std::string::npos);
  in.input_ids = HostTensor(DType::kI64, {0, 7});
  EXPECT_NE(refusal(in).find("the batch is empty"), std::string::npos);
  in.input_ids = HostTensor(DType::kF32, {1, 2});
  EXPECT_NE(refusal(in).find("input_ids is f32, wanted integers"), std::string::npos);
  in.inputs_embeds = HostTensor(DType::kF32, {1, 2, config.embedding_size});
  EXPECT_NE(refusal(in).find("found both of input_ids and inputs_embeds, wanted exactly one"),
            std::string::npos);
  in.input_ids = {};
  EXPECT_EQ(refusal(in), "accepted");
  in.inputs_embeds = HostTensor(DType::kF32, {1, 2, config.hidden_size});
  EXPECT_NE(refusal(in).find(", wanted a width of 6 (embedding_size)"), std::string::npos);
}

TEST(PackedBatch, SequencesAreWhatTheirPaddedFormIs) {
  ModelInputs in;
  in.input_ids = rows<int64_t>({{5, 6, 7}, {8, 0, 0}, {9, 1, 0}});
  in.attention_mask = rows<int64_t>({{1, 1, 1}, {1, 0, 0}, {1, 1, 0}});
  in.token_type_ids = rows<int64_t>({{0, 1, 2}, {1, 0, 0}, {0, 2, 0}});
  const Sequences ragged{{{5, 6, 7}, {8}, {9, 1}}, {{0, 1, 2}, {1}, {0, 2}}};
  for (const bool bucketed : {false, true}) {
    const PackedBatch a(in, batch_limits(tiny_config()), bucketed),
        b(ragged, batch_limits(tiny_config()), bucketed);
    EXPECT_EQ(a.batch_size(), b.batch_size());
    EXPECT_EQ(a.padded_length(), b.padded_length());
    EXPECT_EQ(a.real_tokens(), b.real_tokens());
    EXPECT_EQ(b.tokens(), bucketed ? 8 : 6);
    for (const auto array :
         {&PackedBatch::input_ids, &PackedBatch::token_type_ids, &PackedBatch::position_ids,
          &PackedBatch::cu_seqlens, &PackedBatch::index_in_sequence, &PackedBatch::row_numbers})
      EXPECT_EQ(ints((a.*array)()), ints((b.*array)()));
    for (const auto array : {&PackedBatch::row_ids, &PackedBatch::sequence_ids})
      EXPECT_EQ(longs((a.*array)()), longs((b.*array)()));
  }
  const PackedBatch untyped(Sequences{ragged.input_ids, {}}, batch_limits(tiny_config()));
  EXPECT_EQ(ints(untyped.token_type_ids()), std::vector<int32_t>(6));
}

TEST(PackedBatch, RefusesSequencesByTheirPlace) {
  const auto says = [](const Sequences& sequences) { return refusal(sequences); };
  EXPECT_EQ(says({{{1, 2}, {3, 29}}, {}}),
            "input_ids[1, 1] is 29, the model has 29 words (vocab_size) (0..28)");
  EXPECT_EQ(says({{{1}, {}}, {}}), "input_ids[1] is empty, wanted a token");
  EXPECT_EQ(says({}), "the batch is empty: there are no input_ids");
  EXPECT_EQ(says({{{1}, {2, 3}}, {{0}, {0}}}),
            "token_type_ids[1] has 1 tokens, input_ids[1] has 2");
  EXPECT_EQ(says({{{1}, {2}}, {{0}}}), "token_type_ids are 1 sequences, input_ids are 2");
  EXPECT_EQ(says({{{1}}, {{3}}}),
            "token_type_ids[0, 0] is 3, the model has 3 token types (type_vocab_size) (0..2)");
  EXPECT_NE(says({{std::vector<int32_t>(25)}, {}}).find("25 tokens, the model has 24 positions"),
            std::string::npos);
}

TEST(SelectRows, SortsAndFindsItsSequences) {
  ModelInputs in;
  in.input_ids = rows<int64_t>({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
  const PackedBatch batch(in, batch_limits(tiny_config()));
  const RowSelection s = select_rows(batch, {8, 0, 2, 8, 6});
  EXPECT_EQ(s.rows, (std::vector<int32_t>{0, 2, 6, 8}));
  EXPECT_EQ(s.cu_seqlens, (std::vector<int32_t>{0, 2, 2, 4}));
  EXPECT_EQ(s.in_sequence, (std::vector<int32_t>{0, 2, 0, 2}));
}

}  // namespace
}  // namespace albert::testing
