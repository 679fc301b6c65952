// Scores against scikit-learn 1.9.1 and SciPy 1.17.1, which gave these numbers: ties, classes that
// never occur, single rows, constant values, NaN.
#include <cmath>
#include <limits>

#include "albert/trainer/tasks/scores/classes.h"
#include "albert/trainer/tasks/scores/correlation.h"
#include "tests/support/compare.h"

namespace albert::testing {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kTolerance = 1e-13;  // the references add up in another order

struct ClassCase {
  int64_t classes;
  std::vector<int64_t> predicted, right;
  std::vector<double> wanted;  // accuracy, Matthews, macro F1, micro F1
};
struct SetCase {
  std::vector<std::vector<bool>> predicted, right;
  std::vector<double> wanted;  // accuracy, micro F1, macro F1, samples F1
};
struct CorrelationCase {
  std::vector<double> a, b;
  double pearson, spearman;
};

const std::vector<ClassCase> kClassCases = {
    {2, {1}, {1}, {1.0, 0.0, 1.0, 1.0}},
    {2, {0}, {1}, {0.0, 0.0, 0.0, 0.0}},
    {2, {1, 1, 1}, {1, 0, 1}, {0.6666666666666666, 0.0, 0.4, 0.6666666666666666}},
    {2, {0, 0, 0, 0}, {0, 0, 0, 0}, {1.0, 0.0, 1.0, 1.0}},
    {4, {0, 3, 3}, {0, 1, 1}, {0.3333333333333333, 0.5, 0.3333333333333333, 0.3333333333333333}},
    {3, {2, 2, 2}, {0, 1, 0}, {0.0, 0.0, 0.0, 0.0}},
    {2,
     {1, 0, 1, 0, 1, 1, 0, 1, 0},
     {0, 0, 1, 0, 0, 0, 0, 0, 0},
     {0.5555555555555556, 0.31622776601683794, 0.5, 0.5555555555555556}},
    {2,
     {0, 1, 1, 0, 0, 0, 0, 1, 0, 1},
     {1, 1, 0, 0, 1, 0, 1, 1, 1, 0},
     {0.4, -0.16666666666666666, 0.4, 0.4}},
    {3,
     {1, 2, 0, 1, 2, 0, 0, 1, 2, 0},
     {2, 1, 0, 1, 2, 2, 2, 0, 0, 2},
     {0.3, -0.04689790496105418, 0.3119047619047619, 0.3}},
    {3,
     {2, 0, 0, 1, 1, 1, 2, 0, 1},
     {0, 0, 2, 0, 0, 0, 0, 0, 2},
     {0.2222222222222222, -0.18344984642633572, 0.13333333333333333, 0.2222222222222222}},
    {4, {1, 0, 3, 3, 0, 0, 1, 0}, {3, 2, 2, 1, 2, 3, 0, 3}, {0.0, -0.28603877677367767, 0.0, 0.0}},
    {5, {1, 4, 4, 0, 4}, {4, 2, 1, 4, 4}, {0.2, -0.35714285714285715, 0.08333333333333333, 0.2}}};

const std::vector<SetCase> kSetCases = {
    {{{0, 0}, {0, 0}}, {{0, 0}, {0, 0}}, {1.0, 0.0, 0.0, 0.0}},
    {{{0, 0}, {1, 0}}, {{0, 0}, {1, 0}}, {1.0, 1.0, 0.5, 0.5}},
    {{{0, 0, 0}}, {{1, 0, 1}}, {0.0, 0.0, 0.0, 0.0}},
    {{{0, 1}, {0, 1}}, {{0, 1}, {0, 1}}, {1.0, 1.0, 0.5, 1.0}},
    {{{0, 1, 0}, {1, 1, 0}, {0, 1, 0}, {1, 1, 1}},
     {{1, 0, 1}, {0, 0, 1}, {1, 0, 0}, {1, 1, 1}},
     {0.25, 0.42857142857142855, 0.43333333333333335, 0.25}},
    {{{0, 1, 0}, {0, 0, 0}, {0, 1, 1}, {0, 0, 1}},
     {{0, 1, 0}, {1, 1, 1}, {1, 1, 0}, {1, 0, 0}},
     {0.25, 0.36363636363636365, 0.26666666666666666, 0.375}},
    {{{0, 1, 1, 0}, {0, 1, 1, 0}, {1, 1, 1, 0}},
     {{0, 0, 0, 0}, {1, 0, 0, 1}, {1, 1, 1, 1}},
     {0.0, 0.46153846153846156, 0.41666666666666663, 0.2857142857142857}},
    {{{0, 1}, {1, 0}, {1, 1}},
     {{0, 0}, {1, 0}, {0, 0}},
     {0.3333333333333333, 0.4, 0.3333333333333333, 0.3333333333333333}},
    {{{1, 1, 1, 0}, {0, 1, 1, 0}},
     {{1, 0, 1, 1}, {1, 0, 1, 1}},
     {0.0, 0.5454545454545454, 0.41666666666666663, 0.5333333333333333}},
    {{{0, 0}, {0, 0}, {1, 0}, {1, 0}}, {{1, 0}, {0, 1}, {0, 1}, {0, 0}}, {0.0, 0.0, 0.0, 0.0}}};

const std::vector<CorrelationCase> kCorrelationCases = {
    {{1.0}, {2.0}, kNan, kNan},
    {{1.0, 2.0}, {2.0, 1.0}, -1.0, -0.9999999999999999},
    {{1.0, 1.0}, {2.0, 1.0}, kNan, kNan},
    {{0.1, 0.1, 0.1}, {1.0, 2.0, 3.0}, kNan, kNan},
    {{1.0, kNan, 3.0}, {1.0, 2.0, 3.0}, kNan, kNan},
    {{1e+200, -1e+200, 3.0}, {1e+200, 2.0, 3.0}, 0.8660254037844386, 1.0},
    {{1e-200, -1e-200, 3e-200}, {1e-200, 2e-200, 3e-200}, 0.5000000000000001, 0.5},
    {{1.0, 2.0, 2.0, 3.0}, {1.0, 2.0, 2.0, 3.0}, 0.9999999999999998, 1.0},
    {{0.42, 1.88, -1.21, 0.26},
     {-0.31, -1.06, -1.03, -0.02},
     -0.03294609364987486,
     -0.39999999999999997},
    {{0.43, -0.53, 0.05, 0.72, 0.3},
     {0.87, 0.46, 0.49, 1.83, 0.62},
     0.7736889917123391,
     0.9999999999999999},
    {{0.71, -0.92, -0.34}, {0.79, 0.63, 1.55}, -0.0014774372338836467, 0.5},
    {{0.01, -1.46, 1.95, 1.09, -1.06, 1.38, 0.03},
     {-1.81, -0.42, -0.51, 1.59, -0.79, -0.25, -0.28},
     0.3258447903573896,
     0.39285714285714296},
    {{1.0, 0.0, 2.0, 2.0, 0.0, 1.0},
     {2.0, 1.0, 1.0, 3.0, 2.0, 1.0},
     0.27386127875258304,
     0.19364916731037088},
    {{2.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0},
     {2.0, 3.0, 0.0, 1.0, 2.0, 1.0, 2.0},
     -0.4000000000000001,
     -0.3313667478318056},
    {{0.0, 0.0, 2.0, 1.0, 2.0, 2.0, 2.0, 0.0},
     {1.0, 3.0, 1.0, 1.0, 1.0, 0.0, 0.0, 3.0},
     -0.7733602811121825,
     -0.7606388292556647},
    {{0.0, 0.0, 0.0, 2.0, 0.0},
     {0.0, 1.0, 2.0, 1.0, 0.0},
     0.13363062095621217,
     0.18633899812498247}};

void expect_same(double found, double wanted, const char* score, size_t at) {
  if (std::isnan(wanted))
    EXPECT_TRUE(std::isnan(found)) << score << " of case " << at << ": " << found;
  else
    EXPECT_LE(std::fabs(found - wanted), kTolerance) << score << " of case " << at << ": " << found;
}

TEST(Scores, OfClassesEqualScikitLearn) {
  for (size_t i = 0; i < kClassCases.size(); ++i) {
    const ClassCase& c = kClassCases[i];
    const Confusion confusion = confusion_of(c.predicted, c.right, c.classes);
    expect_same(accuracy(confusion), c.wanted[0], "accuracy", i);
    expect_same(matthews_correlation(confusion), c.wanted[1], "Matthews", i);
    expect_same(macro_f1(confusion), c.wanted[2], "macro F1", i);
    expect_same(micro_f1(confusion), c.wanted[3], "micro F1", i);
  }
}

TEST(Scores, OfLabelSetsEqualScikitLearn) {
  for (size_t i = 0; i < kSetCases.size(); ++i) {
    const LabelSetScores scores = label_set_scores(kSetCases[i].predicted, kSetCases[i].right);
    expect_same(scores.accuracy, kSetCases[i].wanted[0], "accuracy", i);
    expect_same(scores.micro_f1, kSetCases[i].wanted[1], "micro F1", i);
    expect_same(scores.macro_f1, kSetCases[i].wanted[2], "macro F1", i);
    expect_same(scores.samples_f1, kSetCases[i].wanted[3], "samples F1", i);
  }
}

TEST(Scores, CorrelationsEqualSciPy) {
  for (size_t i = 0; i < kCorrelationCases.size(); ++i) {
    const CorrelationCase& c = kCorrelationCases[i];
    expect_same(pearson(c.a, c.b), c.pearson, "Pearson", i);
    expect_same(spearman(c.a, c.b), c.spearman, "Spearman", i);
  }
}

TEST(Scores, OfNothing) {
  const Confusion none(2, std::vector<int64_t>(2));
  EXPECT_EQ(accuracy(none), 0);
  EXPECT_EQ(matthews_correlation(none), 0);
  EXPECT_EQ(macro_f1(none), 0);
  EXPECT_EQ(label_set_scores({}, {}).samples_f1, 0);
  EXPECT_TRUE(std::isnan(pearson({}, {})));
  EXPECT_EQ(mean_squared_error({}, {}), 0);
}

TEST(Scores, RanksOfEqualValuesAreTheirMean) {
  EXPECT_EQ(ranks_of(std::vector<double>{3, 1, 3, 2, 3}), (std::vector<double>{4, 1, 4, 2, 4}));
  EXPECT_EQ(mean_squared_error(std::vector<double>{1, 2}, std::vector<double>{3, 3}), 2.5);
  EXPECT_EQ(mean_absolute_error(std::vector<double>{1, 2}, std::vector<double>{3, 3}), 1.5);
}

}  // namespace
}  // namespace albert::testing
