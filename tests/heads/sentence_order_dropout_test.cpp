// Dropout before the sentence-order classifier: as the config says, or as Google's script, which
// has none.
#include <gtest/gtest.h>

#include "tests/support/random_task.h"

namespace albert::testing {
namespace {

class SentenceOrderDropout : public ::testing::Test {
 protected:
  SentenceOrderDropout() {
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0;
    config.classifier_dropout_prob = 0.5;
  }
  std::vector<double> logits(std::optional<double> probability, bool training) const {
    auto model = AlbertForPreTraining::from_config(config, {.trainable = true});
    if (probability) model.set_sentence_order_dropout(*probability);
    const RandomBatch batch(config, 3, 9, 1);
    const auto out = model.forward(
        batch.inputs, batch.pretraining,
        {.backward = training, .dropout = {.active = training, .seed = 1, .step = 1}});
    return doubles(out.sop_logits);
  }
  AlbertConfig config = tiny_config();
};

TEST_F(SentenceOrderDropout, IsTheConfigsUnlessItIsSet) {
  const auto plain = logits(std::nullopt, false);
  EXPECT_NE(logits(std::nullopt, true), plain);
  EXPECT_EQ(logits(0.5, true), logits(std::nullopt, true));
  EXPECT_EQ(logits(0, true), plain);
}

TEST_F(SentenceOrderDropout, IsForTrainingAlone) {
  EXPECT_EQ(logits(0.5, false), logits(std::nullopt, false));
}

}  // namespace
}  // namespace albert::testing
