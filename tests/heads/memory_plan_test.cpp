#include "albert/heads/memory_plan.h"

#include <gtest/gtest.h>

namespace albert {
namespace {

struct Released {
  const char* name;
  int64_t hidden, layers, heads, intermediate;
  // docs/albert.md 1.4: AlbertModel, ForMaskedLM, ForPreTraining, SequenceClassification(2),
  // QuestionAnswering, MultipleChoice
  int64_t model, masked_lm, pretraining, sequence, question, choice;
};

// v1 and v2 share sizes; they differ in activation and dropout.
const Released kReleased[] = {
    {"base", 768, 12, 12, 3072, 11683584, 11221680, 11813810, 11685122, 11094530, 11684353},
    {"large", 1024, 24, 16, 4096, 17683968, 16795824, 17847474, 17686018, 16636418, 17684993},
    {"xlarge", 2048, 24, 16, 8192, 58724864, 54821040, 59021490, 58728962, 54532610, 58726913},
    {"xxlarge", 4096, 12, 64, 16384, 222595584, 206368944, 223158450, 222603778, 205822466,
     222599681}};

AlbertConfig config_of(const Released& r, bool v1) {
  AlbertConfig c;
  c.hidden_size = r.hidden;
  c.num_hidden_layers = r.layers;
  c.num_attention_heads = r.heads;
  c.intermediate_size = r.intermediate;
  c.hidden_act = v1 ? "gelu" : "gelu_new";
  c.hidden_dropout_prob = c.attention_probs_dropout_prob = v1 ? 0.1 : 0;
  return c;
}

int64_t count(const std::string& architecture, const AlbertConfig& config) {
  int64_t n = 0;
  for (const auto& [name, shape] : expected_tensors(architecture, config)) n += shape.size();
  return n;
}

TEST(ParameterCounts, OfTheEightReleasedModels) {
  for (const Released& r : kReleased)
    for (const bool v1 : {true, false}) {
      const AlbertConfig c = config_of(r, v1);
      EXPECT_EQ(count("AlbertModel", c), r.model) << r.name;
      EXPECT_EQ(count("AlbertForMaskedLM", c), r.masked_lm) << r.name;
      EXPECT_EQ(count("AlbertForPreTraining", c), r.pretraining) << r.name;
      EXPECT_EQ(count("AlbertForSequenceClassification", c), r.sequence) << r.name;
      EXPECT_EQ(count("AlbertForQuestionAnswering", c), r.question) << r.name;
      EXPECT_EQ(count("AlbertForMultipleChoice", c), r.choice) << r.name;
    }
}

TEST(MemoryPlan, PlansXxlargeTrainingWithoutItsMemory) {
  const AlbertConfig c = config_of(kReleased[3], false);
  StepShape shape{.training = true};
  const MemoryPlan kept = plan_memory("AlbertForPreTraining", c, shape);
  shape.keep = Keep::kRecompute;
  const MemoryPlan recomputed = plan_memory("AlbertForPreTraining", c, shape);
  EXPECT_EQ(kept.parameters, kReleased[3].pretraining);
  EXPECT_EQ(kept.moments, 2 * kept.bytes.values);
  EXPECT_GT(kept.arena, 10ULL << 30);
  EXPECT_LT(recomputed.arena, kept.arena / 3);
}

TEST(MemoryPlan, OperandsOfAllLayersTakeWhatTheEncoderSays) {
  for (const Released& r : kReleased) {
    const AlbertConfig c = config_of(r, false);
    StepShape shape{.precision = Precision::kBF16, .training = true};
    const auto kept = static_cast<double>(plan_memory("AlbertForPreTraining", c, shape).arena);
    shape.keep = Keep::kBatchedWeightGradients;
    const auto operands = static_cast<double>(plan_memory("AlbertForPreTraining", c, shape).arena);
    const auto bytes =
        static_cast<double>(Encoder::operand_bytes(c, shape.batch * shape.length, DType::kBF16));
    EXPECT_LE(operands - kept, bytes) << r.name;
    EXPECT_GE(operands - kept, 0.85 * bytes) << r.name;  // the pruned last layer keeps none
  }
}

TEST(MemoryPlan, InferenceGrowsWithTheBatchNotWithTheLayers) {
  AlbertConfig c = config_of(kReleased[0], false);
  const size_t twelve = plan_memory("AlbertModel", c, {}).arena;
  c.num_hidden_layers = 24;
  EXPECT_EQ(plan_memory("AlbertModel", c, {}).arena, twelve);
  const size_t half = plan_memory("AlbertModel", c, {.batch = 4}).arena;
  EXPECT_NEAR(static_cast<double>(twelve), 2.0 * static_cast<double>(half),
              0.01 * static_cast<double>(twelve));
}

TEST(MemoryPlan, RefusesAnUnknownArchitectureByName) {
  try {
    plan_memory("BertModel", {}, {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kBadData);
    EXPECT_NE(std::string(e.what()).find("AlbertForMaskedLM"), std::string::npos);
  }
}

}  // namespace
}  // namespace albert
