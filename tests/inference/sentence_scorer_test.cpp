#include "albert/inference/sentence_scorer.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/golden_embeddings.h"

namespace albert::testing {
namespace {

const std::string kGolden = ALBERT_GOLDEN_DIR, kModel = kGolden + "/embeddings";
const ModelOptions kOneThread{.backend = {.threads = 1}};

TEST(SentenceScorers, TokensMaskedInTurnHaveTransformersProbabilities) {
  const nlohmann::json golden = golden_embeddings(kGolden);
  ASSERT_FALSE(golden.at("scored").empty());
  for (const char* metric : {"original", "within_word_l2r"})
    for (const int64_t batch_tokens : {4096, 1}) {
      auto scorer = PseudoLikelihoodScorer::from_pretrained(
          kModel, kOneThread, {.batch_tokens = batch_tokens, .metric = pll_metric_named(metric)});
      std::vector<TokenIds> texts;
      for (const auto& one : golden.at("scored"))
        texts.push_back(scorer.encode(one.at("text").get<std::string>()));
      const auto scores = scorer.score(texts);
      for (size_t i = 0; i < scores.size(); ++i) {
        const auto wanted = golden.at("scored")[i].at(metric).get<std::vector<double>>();
        ASSERT_EQ(scores[i].log_probs.size(), wanted.size());
        for (size_t t = 0; t < wanted.size(); ++t)
          EXPECT_NEAR(scores[i].log_probs[t], wanted[t], 1e-5) << metric << " " << i << " " << t;
        EXPECT_NEAR(scores[i].pll, std::accumulate(wanted.begin(), wanted.end(), 0.0), 1e-4);
      }
    }
}

TEST(SentenceScorers, OrdersHaveTransformersProbabilities) {
  const nlohmann::json golden = golden_embeddings(kGolden);
  auto scorer = SentenceOrderScorer::from_pretrained(kModel, kOneThread);
  std::vector<TokenIds> pairs;
  for (const auto& one : golden.at("pairs"))
    pairs.push_back(
        scorer.encode(one.at("pair")[0].get<std::string>(), one.at("pair")[1].get<std::string>()));
  const auto scores = scorer.score(pairs);
  ASSERT_EQ(scores.size(), 2U);
  for (size_t i = 0; i < scores.size(); ++i)
    EXPECT_NEAR(scores[i], golden.at("pairs")[i].at("in_order").get<double>(), 1e-6);
}

TEST(SentenceScorers, MetricsAndFoldersThatDoNotFitAreRefused) {
  EXPECT_EQ(refusal_of([] { pll_metric_named("l2r"); }).code, ErrorCode::kUsage);
  const std::string masked = kGolden + "/shared/masked-lm";
  EXPECT_NE(refusal_of([&] { SentenceOrderScorer::from_pretrained(masked, kOneThread); }).what, "");
}

}  // namespace
}  // namespace albert::testing
