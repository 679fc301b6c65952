#include "albert/inference/similarity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "tests/support/files.h"

namespace albert::testing {
namespace {

HostTensor random_rows(int64_t rows, int64_t columns, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  HostTensor t(DType::kF32, {rows, columns});
  for (int64_t i = 0; i < t.size(); ++i) t.data<float>()[i] = normal(random);
  return t;
}

TEST(Similarities, AreThoseOfTheirFormulas) {
  const std::vector<float> a = {1, -2, 3}, b = {4, 0, -1}, zero = {0, 0, 0};
  EXPECT_DOUBLE_EQ(similarity_of(Similarity::kDot, a, b), 1);
  EXPECT_DOUBLE_EQ(similarity_of(Similarity::kCosine, a, b), 1 / std::sqrt(14.0 * 17));
  EXPECT_DOUBLE_EQ(similarity_of(Similarity::kEuclidean, a, b), -std::sqrt(9.0 + 4 + 16));
  EXPECT_DOUBLE_EQ(similarity_of(Similarity::kManhattan, a, b), -9);
  EXPECT_EQ(similarity_of(Similarity::kCosine, a, zero), 0);
  EXPECT_EQ(similarity_named("manhattan"), Similarity::kManhattan);
  EXPECT_EQ(refusal_of([] { similarity_named("angle"); }).code, ErrorCode::kUsage);
}

TEST(Similarities, ASearchFindsWhatSortingAllScoresFinds) {
  constexpr int64_t kTexts = 53, kTop = 7;
  const HostTensor queries = random_rows(5, 17, 1), corpus = random_rows(kTexts, 17, 2);
  for (const auto& name : similarity_names()) {
    const Similarity similarity = similarity_named(name);
    SimilaritySearch search(similarity, queries, kTop, 1);
    for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, 20}, {20, 20}, {20, kTexts}}) {
      HostTensor part(DType::kF32, {end - begin, 17});
      std::copy_n(corpus.data<float>() + 17 * begin, part.size(), part.data<float>());
      search.add(part);
    }
    const auto hits = search.hits();
    for (int64_t q = 0; q < 5; ++q) {
      std::vector<std::pair<double, int64_t>> all;
      for (int64_t i = 0; i < kTexts; ++i)
        all.emplace_back(-similarity_of(similarity, queries.row<float>(q), corpus.row<float>(i)),
                         i);
      std::sort(all.begin(), all.end());
      ASSERT_EQ(hits[static_cast<size_t>(q)].size(), static_cast<size_t>(kTop));
      for (size_t k = 0; k < kTop; ++k) {
        EXPECT_EQ(hits[static_cast<size_t>(q)][k].index, all[k].second) << name;
        EXPECT_NEAR(hits[static_cast<size_t>(q)][k].score, -all[k].first, 1e-5) << name;
      }
    }
  }
}

TEST(Similarities, RowsThatAreNoNumbersAreNotFoundAndEqualOnesComeInTheirOrder) {
  const HostTensor query = HostTensor::of<float>({1, 2}, {1, 0});
  SimilaritySearch search(Similarity::kDot, query, 5, 1);
  search.add(HostTensor::of<float>({4, 2},
                                   {0, 1, std::numeric_limits<float>::quiet_NaN(), 1, 2, 0, 2, 5}));
  const auto hits = search.hits().front();
  ASSERT_EQ(hits.size(), 3U);
  EXPECT_EQ(hits[0].index, 2);
  EXPECT_EQ(hits[1].index, 3);
  EXPECT_EQ(hits[2].index, 0);
  EXPECT_EQ(refusal_of([&] {
              search.add(HostTensor(DType::kF32, {1, 3}));
            }).code,
            ErrorCode::kMismatch);
  EXPECT_EQ(refusal_of([&] { SimilaritySearch(Similarity::kDot, query, 0); }).code,
            ErrorCode::kUsage);
}

}  // namespace
}  // namespace albert::testing
