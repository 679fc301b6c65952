// Entities against seqeval 1.2.2 and conlleval.pl of 2004-01-26, which gave these numbers: labels
// that break their scheme, types that nobody predicts, sentences without entities.
#include "albert/trainer/tasks/scores/entities.h"

#include <cmath>
#include <limits>
#include <sstream>

#include "tests/support/files.h"

namespace albert::testing {
namespace {

// "B-PER O | O" as two sentences.
TagSequences tags(const std::string& text) {
  TagSequences sentences = {{}};
  std::istringstream words(text);
  for (std::string word; words >> word;)
    if (word == "|")
      sentences.emplace_back();
    else
      sentences.back().push_back(word);
  return sentences;
}

using Counts = std::vector<int64_t>;  // both, predicted, right
Counts counts(const EntityScores& scores) {
  const EntityCounts all = scores.all();
  return {all.both, all.predicted, all.right};
}

struct Case {
  std::string predicted, right;
  Counts seqeval;
  double macro, weighted;
  Counts conlleval;
};
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
const std::vector<Case> kCases = {
    {"B-PER I-PER O B-LOC", "B-PER I-PER O B-LOC", {2, 2, 2}, 1, 1, {2, 2, 2}},
    {"O O", "O O", {0, 0, 0}, kNan, 0, {0, 0, 0}},
    {"B-X O", "O O", {0, 1, 0}, 0, 0, {0, 1, 0}},
    {"O", "B-PER", {0, 0, 1}, 0, 0, {0, 0, 1}},
    {"B-PER I-PER I-PER O", "I-PER I-PER B-PER O", {0, 1, 2}, 0, 0, {0, 1, 2}},
    {"I-PER I-PER I-LOC I-LOC | B-LOC",
     "O I-PER I-LOC B-LOC | I-LOC",
     {1, 3, 4},
     0.2,
     0.30000000000000004,
     {1, 3, 4}},
    {"B-A E-A B-B O B-C I-C I-C", "B-A E-A S-B O B-C I-C E-C", {3, 3, 3}, 1, 1, {3, 3, 3}},
    {"I-A E-A E-A O | S-A B-A",
     "E-A E-A I-A O | S-A S-A",
     {3, 4, 5},
     0.6666666666666665,
     0.6666666666666665,
     {2, 3, 4}},
    {"B-PER I-PER I-PER O", "B-PER I-LOC I-PER O", {0, 1, 3}, 0, 0, {0, 1, 3}},
    {"B-PER S", "B-PER S", {2, 2, 2}, 1, 1, {2, 2, 2}},
    {"B-a-b I-a O", "B-a-b I-a-b O", {0, 2, 1}, 0, 0, {0, 2, 1}}};

TEST(EntityScores, EqualSeqevalsAndConllevals) {
  for (const Case& c : kCases) {
    const EntityScores seqeval = seqeval_scores(tags(c.predicted), tags(c.right));
    EXPECT_EQ(counts(seqeval), c.seqeval) << c.predicted;
    EXPECT_EQ(counts(conlleval_scores(tags(c.predicted), tags(c.right))), c.conlleval)
        << c.predicted;
    EXPECT_DOUBLE_EQ(seqeval.weighted_f1(), c.weighted) << c.predicted;
    if (std::isnan(c.macro))
      EXPECT_TRUE(std::isnan(seqeval.macro_f1())) << c.predicted;
    else
      EXPECT_DOUBLE_EQ(seqeval.macro_f1(), c.macro) << c.predicted;
  }
}

struct StrictCase {
  TagScheme scheme;
  std::string predicted, right;
  Counts wanted;
};
const std::vector<StrictCase> kStrictCases = {
    {TagScheme::kIob1, "I-B O B-A I-A O O", "I-B I-A B-A I-A O O", {1, 2, 3}},
    {TagScheme::kIob1, "B-B B-B O B-B O I-B", "I-B B-B O B-B O O", {1, 2, 2}},
    {TagScheme::kIob1, "O O B-A B-A I-B B-B", "O O B-A B-A I-B O", {2, 3, 2}},
    {TagScheme::kIob2, "I-A B-B I-A B-B O B-B", "I-A B-B I-A B-B O I-B", {2, 3, 2}},
    {TagScheme::kIob2, "B-B O O B-A B-B I-A", "B-B O O B-A B-A I-A", {2, 3, 3}},
    {TagScheme::kIob2, "B-B O I-A B-B O I-B", "B-B I-B I-A B-B O B-A", {1, 2, 3}},
    {TagScheme::kIoe1, "E-B O O O I-B I-A", "E-B O O I-A E-B I-A", {1, 2, 2}},
    {TagScheme::kIoe1, "I-B E-A I-B I-B I-A I-B", "I-B E-A I-B I-B E-B I-B", {2, 4, 3}},
    {TagScheme::kIoe1, "O I-A I-A I-A I-B O", "O I-A I-A E-A I-B O", {1, 2, 1}},
    {TagScheme::kIoe2, "I-A E-B E-A I-B I-B O", "I-A O E-A I-B I-B O", {1, 2, 1}},
    {TagScheme::kIoe2, "I-B E-A E-A E-A I-B E-A", "I-B E-A E-A E-A I-B E-B", {3, 4, 4}},
    {TagScheme::kIoe2, "O O E-B E-A E-A O", "O O I-B E-A E-A O", {2, 3, 2}},
    {TagScheme::kIobes, "S-A B-A E-A B-A O B-A", "S-A I-A E-A B-A O B-A", {1, 2, 1}},
    {TagScheme::kIobes, "S-A E-A E-B S-A E-B O", "S-A B-B E-B I-B E-B O", {1, 2, 2}},
    {TagScheme::kIobes, "B-B E-B B-B O E-A S-A", "B-B S-A B-B S-A E-A S-A", {1, 2, 3}},
    {TagScheme::kBilou, "U-A I-A I-B O L-B U-B", "U-A I-A I-B L-A I-A B-B", {1, 2, 1}},
    {TagScheme::kBilou, "I-B L-A L-B U-A B-B U-B", "I-B L-A L-B U-A B-B B-A", {1, 2, 1}},
    {TagScheme::kBilou, "U-A U-A U-B I-A U-A U-B", "U-A U-A I-B O U-A U-B", {4, 5, 4}}};

TEST(EntityScores, OfStrictSchemesEqualSeqevals) {
  for (const StrictCase& c : kStrictCases)
    EXPECT_EQ(counts(strict_seqeval_scores(tags(c.predicted), tags(c.right), c.scheme)), c.wanted)
        << c.predicted;
  const Refusal r =
      refusal_of([] { strict_seqeval_scores(tags("O S-A"), tags("O O"), TagScheme::kIob2); });
  EXPECT_EQ(r.code, ErrorCode::kBadData);
  EXPECT_TRUE(r.says("found the label \"S-A\"")) << r.what;
}

TEST(EntityScores, AreCountedByTypeAndPrintedAsConllevalPrintsThem) {
  const EntityScores scores =
      conlleval_scores(tags("B-PER I-PER O B-LOC | O O"), tags("B-PER I-PER O B-ORG | O B-LOC"));
  EXPECT_EQ(scores.types.at("PER").both, 1);
  EXPECT_EQ(scores.types.at("LOC").f1(), 0);
  EXPECT_EQ(conlleval_report(scores),
            "processed 6 tokens with 3 phrases; found: 2 phrases; correct: 1.\n"
            "accuracy:  66.67%; precision:  50.00%; recall:  33.33%; FB1:  40.00\n"
            "              LOC: precision:   0.00%; recall:   0.00%; FB1:   0.00  1\n"
            "              ORG: precision:   0.00%; recall:   0.00%; FB1:   0.00  0\n"
            "              PER: precision: 100.00%; recall: 100.00%; FB1: 100.00  1\n");
}

TEST(TagSchemes, AreToldApart) {
  const auto detected = [](const std::string& text) {
    return name_of(detected_scheme(tags(text)));
  };
  EXPECT_EQ(detected("B-A I-A O B-B"), "IOB2");
  EXPECT_EQ(detected("O O"), "IOB2");
  EXPECT_EQ(detected("I-A I-A O | I-B B-B"), "IOB1");
  EXPECT_EQ(detected("B-A E-A O S-B"), "IOBES");
  EXPECT_EQ(detected("B-A L-A O U-B"), "BILOU");
  EXPECT_EQ(detected("I-A E-A O E-B"), "IOE2");
  EXPECT_EQ(detected("I-A I-A O E-B I-B"), "IOE1");
  // the one that the fewest sentences break
  EXPECT_EQ(detected("B-A I-A | B-A B-A | O I-A"), "IOB2");
}

TEST(TagSchemes, NameTheFirstLabelThatBreaksThem) {
  const auto problem = [](const std::string& text, TagScheme scheme) {
    const auto found = first_problem(tags(text).front(), scheme);
    return found ? std::to_string(found->word) + ": " + found->what : "";
  };
  struct Broken {
    TagScheme scheme;
    const char *text, *what;
  };
  using enum TagScheme;
  for (const Broken& c : std::initializer_list<Broken>{
           {kIob2, "B-A I-A O", ""},
           {kIob2, "O I-A", "1: found I-A behind O, wanted it behind one of B-A, I-A (IOB2)"},
           {kIob2, "I-A",
            "0: found I-A behind the start of the sentence, wanted it behind one of B-A, I-A "
            "(IOB2)"},
           {kIob2, "B-A I-B", "1: found I-B behind B-A, wanted it behind one of B-B, I-B (IOB2)"},
           {kIob1, "O B-A", "1: found B-A behind O, wanted it behind one of B-A, I-A (IOB1)"},
           {kIobes, "B-A O", "0: found B-A before O, wanted it before one of I-A, E-A (IOBES)"},
           {kIobes, "B-A I-A",
            "1: found I-A before the end of the sentence, wanted it before one of I-A, E-A "
            "(IOBES)"},
           {kIob2, "O PER", "1: found the label \"PER\", wanted one of O, B-TYPE, I-TYPE (IOB2)"},
           {kIob1, "S-A", "0: found the label \"S-A\", wanted one of O, B-TYPE, I-TYPE (IOB1)"},
           {kIob2, "B-", "0: found the label \"B-\", wanted one of O, B-TYPE, I-TYPE (IOB2)"}})
    EXPECT_EQ(problem(c.text, c.scheme), c.what);
}

}  // namespace
}  // namespace albert::testing
