// A card that is full: what is said, and that what is said is true.
#include <algorithm>

#include <gtest/gtest.h>

#include "kernels/simt/emulated_backend.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

class FullCard : public ::testing::Test {
 protected:
  FullCard() { randomize(model_, 3); }
  void train(int64_t sequences) {
    RandomBatch batch(config_, sequences, 20, 1);
    auto* mask = batch.inputs.attention_mask.data<int64_t>();
    std::fill_n(mask, batch.inputs.attention_mask.size(), 1);  // all of one length
    model_.forward(batch.inputs, batch.pretraining, {.logits = false, .backward = true});
  }
  // As much memory as `bytes` more than is used now.
  void leave(size_t bytes) {
    auto& card = dynamic_cast<kernels::simt::EmulatedBackend&>(model_.backend());
    card.set_memory_limit(card.used_memory() + bytes);
  }
  std::string complaint(int64_t sequences) {
    try {
      train(sequences);
    } catch (const OutOfMemory& e) {
      return e.what();
    }
    return "";
  }

  AlbertConfig config_ = tiny_config();
  AlbertForPreTraining model_ =
      AlbertForPreTraining::from_config(config_, {.trainable = true, .device = Device::kCuda});
};

TEST_F(FullCard, NamesTheBatchThatWouldFit) {
  leave(2'500'000);
  const std::string said = complaint(200);
  const size_t at = said.find(": about ");
  ASSERT_NE(at, std::string::npos) << said;
  EXPECT_NE(said.find(" of these 200 sequences would fit at once"), std::string::npos) << said;
  const int64_t fits = std::stoll(said.substr(at + 8));
  ASSERT_GE(fits, 2);
  ASSERT_LT(fits, 200);
  train(fits);
  EXPECT_NE(complaint(fits + fits / 5), "");
}

TEST_F(FullCard, SaysWhenNotOneSequenceFits) {
  leave(8192);
  EXPECT_NE(complaint(4).find(": not one of these 4 sequences would fit"), std::string::npos) << complaint(4);
}

}  // namespace
}  // namespace albert::testing
