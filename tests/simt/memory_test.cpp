// A GPU that is full: what is said, and that what is said is true.
#include <algorithm>

#include <gtest/gtest.h>

#include "albert/kernels/emulator/backend.h"
#include "tests/support/compare.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

class FullGpu : public ::testing::Test {
 protected:
  FullGpu() { randomize(model_, 3); }
  // One step, and what it needed.
  size_t train(AlbertForPreTraining& model, int64_t sequences, Keep keep = Keep::kActivations) {
    RandomBatch batch(config_, sequences, 20, 1);
    auto* mask = batch.inputs.attention_mask.data<int64_t>();
    std::fill_n(mask, batch.inputs.attention_mask.size(), 1);  // all of one length
    model.forward(batch.inputs, batch.pretraining,
                  {.logits = false, .backward = true, .keep = keep});
    return model.session().last_peak();
  }
  // As much memory as `bytes` more than is used now.
  void leave(size_t bytes) { gpu().set_memory_limit(gpu().used_memory() + bytes); }
  kernels::simt::EmulatedBackend& gpu() {
    return dynamic_cast<kernels::simt::EmulatedBackend&>(model_.backend());
  }
  std::string complaint(int64_t sequences) {
    try {
      train(model_, sequences);
    } catch (const OutOfMemory& e) {
      return e.what();
    }
    return "";
  }

  AlbertConfig config_ = tiny_config();
  AlbertForPreTraining model_ = AlbertForPreTraining::from_config(
      config_, {.trainable = true, .backend = {.device = Device::kCuda}});
};

TEST_F(FullGpu, NamesTheBatchThatWouldFit) {
  gpu().set_workspace(1'000'000);  // as much for one sequence as for all
  leave(2'500'000);
  const std::string said = complaint(200);
  const size_t at = said.find(": about ");
  ASSERT_NE(at, std::string::npos) << said;
  EXPECT_NE(said.find(" of these 200 sequences would fit at once"), std::string::npos) << said;
  const int64_t fits = std::stoll(said.substr(at + 8));
  ASSERT_GE(fits, 2);
  ASSERT_LT(fits, 200);
  train(model_, fits);
  EXPECT_NE(complaint(fits + fits / 5), "");
}

TEST_F(FullGpu, SaysWhenNotOneSequenceFits) {
  leave(8192);
  EXPECT_NE(complaint(4).find(": not one of these 4 sequences would fit"), std::string::npos)
      << complaint(4);
}

TEST_F(FullGpu, KeepsOperandsOfAllLayersOnlyWhereThereIsRoom) {
  const size_t roomy = train(model_, 8);
  const TensorFile at_once = model_.gradients();
  model_.zero_grads();
  leave(0);
  EXPECT_LT(train(model_, 8), roomy);
  for (const auto& [name, gradient] : model_.gradients().tensors)
    EXPECT_TRUE(close(doubles(at_once.tensors.at(name)), doubles(gradient), 1e-5, 0.05)) << name;
}

TEST_F(FullGpu, KeepsLessWhereOthersTookTheRoom) {
  constexpr size_t kAll = 256U << 20, kMore = 512U << 10;
  auto planned = AlbertForPreTraining::from_config(
      config_, {.trainable = true, .backend = {.device = Device::kMeta}});
  const size_t least = train(planned, 64), most = train(planned, 64, Keep::kBatchedWeightGradients);
  ASSERT_GT(most, least + 2 * kMore);
  leave(kAll);
  const kernels::Buffer others(model_.backend(), kAll - least - kMore);
  EXPECT_LT(train(model_, 64), least + kMore);
}

TEST(RoomOnAGpu, IsAQuarterOfAllItsMemory) {
  const AlbertConfig config = tiny_config();
  const int64_t bytes = Encoder::operand_bytes(config, 100, DType::kBF16);
  const auto kept = [&](int64_t memory) {
    return choose_keep(config, Precision::kBF16, 100, memory);
  };
  EXPECT_EQ(kept(4 * bytes), Keep::kBatchedWeightGradients);
  EXPECT_EQ(kept(4 * bytes - 1), Keep::kActivations);
  EXPECT_EQ(kept(0), Keep::kActivations);
}

}  // namespace
}  // namespace albert::testing
