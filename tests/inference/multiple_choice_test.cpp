#include <algorithm>
#include <cmath>

#include "albert/inference/multiple_choice_answerer.h"
#include "tests/support/choosers.h"

namespace albert::testing {
namespace {

const std::string kSpiece = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";

MultipleChoiceQuestion question_of(const std::string& context, const std::string& question,
                                   const std::vector<std::string>& options) {
  return {std::make_shared<const std::string>(context), question, options};
}

TEST(MultipleChoiceQuestions, OptionsFillEveryBlankOrFollowTheQuestion) {
  MultipleChoiceQuestion question = question_of("", "_ saw _ .", {"Ann", "a_b"});
  EXPECT_EQ(question_with(question, 0), "Ann saw Ann .");
  EXPECT_EQ(question_with(question, 1), "a_b saw a_b .") << "blanks of options stay";
  question.fills_blanks = false;
  EXPECT_EQ(question_with(question, 0), "_ saw _ . Ann");
  question = question_of("", "Who?", {"Ann"});
  EXPECT_EQ(question_with(question, 0), "Who? Ann");
  EXPECT_EQ(question_with(question_of("", "", {"Ann"}), 0), " Ann");
  EXPECT_EQ(question_with(question_of("", "_", {""}), 0), "");
}

class MultipleChoiceInputs : public ::testing::Test {
 protected:
  MultipleChoiceEncoder encoder(const MultipleChoiceEncoding& encoding) const {
    return {tokenizer, small_config(), encoding};
  }
  // The words of a text, each of which is one id.
  std::vector<int32_t> ids(const std::string& text) const { return tokenizer->ids(text); }
  std::vector<int32_t> pair(const std::string& a, const std::string& b) const {
    std::vector<int32_t> all = {tokenizer->cls_id()};
    for (const std::string& text : {a, b}) {
      const auto part = ids(text);
      all.insert(all.end(), part.begin(), part.end());
      all.push_back(tokenizer->sep_id());
    }
    return all;
  }
  std::shared_ptr<const Tokenizer> tokenizer = Tokenizer::from_pretrained(kSpiece);
};

TEST_F(MultipleChoiceInputs, GooglesScriptKeepsTheEndOfTheOptionAndTheBeginningOfTheContext) {
  const auto e = encoder({.max_seq_length = 10, .max_qa_length = 3});
  const auto question =
      question_of("the of and in to was", "which of the books", {"is the one", "in"});
  ASSERT_EQ(ids("the of and in to was").size(), 6U);
  const auto encoded = e.encode(question, e.context_ids(*question.context));
  EXPECT_TRUE(encoded.truncated);
  const TokenIds first = e.inputs(encoded, 0), second = e.inputs(encoded, 1);
  EXPECT_EQ(first.input_ids, pair("the of and in", "is the one"));
  EXPECT_EQ(first.token_type_ids, (std::vector<int32_t>{0, 0, 0, 0, 0, 0, 1, 1, 1, 1}));
  EXPECT_EQ(second.input_ids, pair("the of and in", "the books in"));
  EXPECT_EQ(*encoded.context, ids("the of and in to was")) << "what is shared stays whole";
}

TEST_F(MultipleChoiceInputs, ASentenceThatIsShortIsAsTheTokenizerHasIt) {
  for (const auto truncation :
       {Truncation::kOnlyFirst, Truncation::kLongestFirst, Truncation::kLongestFirstFast}) {
    const auto e = encoder({.max_seq_length = 64, .truncation = truncation, .max_qa_length = 32});
    const auto question = question_of("The old book.", "Who _ it?", {"saw", "sees"});
    const auto encoded = e.encode(question, e.context_ids(*question.context));
    EXPECT_FALSE(encoded.truncated);
    const Encoding pair = tokenizer->encode("The old book.", "Who sees it?");
    EXPECT_EQ(e.inputs(encoded, 1).input_ids, pair.input_ids);
    EXPECT_EQ(e.inputs(encoded, 1).token_type_ids, pair.token_type_ids);
  }
}

TEST_F(MultipleChoiceInputs, TransformersCutTheLongerSide) {
  const auto question = question_of("the of and in to was", "the of and in", {"to was", "on"});
  for (const auto truncation : {Truncation::kLongestFirst, Truncation::kLongestFirstFast})
    for (const int64_t length : {8, 9, 10, 11, 12}) {
      const auto e = encoder({.max_seq_length = length, .truncation = truncation});
      const auto encoded = e.encode(question, e.context_ids(*question.context));
      for (const size_t option : {0U, 1U}) {
        const Encoding pair = tokenizer->encode(*question.context, question_with(question, option),
                                                {.truncation = truncation, .max_length = length});
        EXPECT_EQ(e.inputs(encoded, option).input_ids, pair.input_ids) << length;
        EXPECT_EQ(e.inputs(encoded, option).token_type_ids, pair.token_type_ids) << length;
      }
    }
}

TEST_F(MultipleChoiceInputs, SizesWithoutRoomAreRefused) {
  const auto refusal = [&](const MultipleChoiceEncoding& encoding) {
    return refusal_of([&] { encoder(encoding); });
  };
  const Refusal r = refusal({.max_seq_length = 32, .max_qa_length = 29});
  EXPECT_EQ(r.code, ErrorCode::kUsage);
  EXPECT_TRUE(r.says("max_qa_length 29: wanted 1 to 28")) << r.what;
  EXPECT_TRUE(refusal({.max_qa_length = 0}).says("max_qa_length 0: wanted 1 to 508"));
  EXPECT_TRUE(refusal({.max_seq_length = 4}).says("max_seq_length 4: wanted 5 or more"));
  EXPECT_NO_THROW(encoder({.max_seq_length = 32, .truncation = Truncation::kLongestFirst}));
}

class MultipleChoiceAnswerers : public ::testing::Test {
 protected:
  MultipleChoiceAnswerers() { write_chooser(folder.path(), kSpiece); }
  MultipleChoiceAnswerer answerer(const MultipleChoiceAnswererOptions& options = {}) const {
    return MultipleChoiceAnswerer::from_pretrained(folder.path(), {.backend = {.threads = 1}},
                                                   options);
  }
  TemporaryFolder folder;
};

TEST_F(MultipleChoiceAnswerers, ProbabilitiesAreThoseOfTheHead) {
  auto model = answerer();
  const auto answer = model.answer("Ann saw Bob.", "Who saw _ ?", {"Ann", "Bob", "the lamp"});
  ASSERT_EQ(answer.probabilities.size(), 3U);
  Sequences inputs{.choices = 3};
  for (const char* option : {"Who saw Ann ?", "Who saw Bob ?", "Who saw the lamp ?"}) {
    const Encoding pair = model.encoder().tokenizer().encode("Ann saw Bob.", option);
    inputs.input_ids.push_back(pair.input_ids);
    inputs.token_type_ids.push_back(pair.token_type_ids);
  }
  auto head = AlbertForMultipleChoice::from_pretrained(folder.path(), {.backend = {.threads = 1}});
  const HostTensor logits = head.forward(inputs).logits;
  const auto row = logits.row<float>(0);
  double sum = 0;
  for (const float logit : row) sum += std::exp(static_cast<double>(logit));
  for (size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(answer.probabilities[i], std::exp(static_cast<double>(row[i])) / sum, 1e-12);
  EXPECT_EQ(answer.choice, std::max_element(row.begin(), row.end()) - row.begin());
  EXPECT_EQ(answer.score, answer.probabilities[static_cast<size_t>(answer.choice)]);
}

TEST_F(MultipleChoiceAnswerers, BatchesAndOtherNumbersOfOptionsChangeNoAnswer) {
  auto one = answerer({.batch_size = 1}), many = answerer({.batch_size = 3});
  std::vector<MultipleChoiceIds> questions;
  std::vector<std::string> options = {"red", "a harpoon"};
  std::string context = "The sea is red.";
  for (int i = 0; i < 9; ++i) {
    questions.push_back(many.encode(question_of(context, "What is _ ?", options)));
    context += " Ahab holds a harpoon.";
    if (i % 4 == 0) options.push_back("number " + std::to_string(i));
    if (i == 5) options.resize(2);
  }
  const auto all = many.answer(questions);
  ASSERT_EQ(all.size(), questions.size());
  for (size_t i = 0; i < questions.size(); ++i) {
    const auto alone = one.answer(std::span(&questions[i], 1)).front();
    ASSERT_EQ(all[i].probabilities.size(), questions[i].options.size());
    EXPECT_EQ(all[i].probabilities, alone.probabilities) << i;
    EXPECT_EQ(all[i].choice, alone.choice);
  }
  EXPECT_NE(all[0].probabilities[0], all[1].probabilities[0]) << "all questions are alike";
  EXPECT_TRUE(many.answer(std::span<const MultipleChoiceIds>()).empty());
}

TEST_F(MultipleChoiceAnswerers, WhatCannotBeAnsweredIsRefused) {
  auto model = answerer();
  const auto refusal = [&](const std::string& context, const std::vector<std::string>& options) {
    return refusal_of([&] { model.answer(context, "Who?", options); });
  };
  EXPECT_TRUE(refusal(" \t", {"a", "b"}).says("the context is empty"));
  EXPECT_TRUE(refusal("a", {"a"}).says("found 1 options, wanted 2 or more"));
  EXPECT_TRUE(refusal("a", {"a", "\xFE"}).says("byte 6 is not UTF-8"));
  EXPECT_EQ(refusal("a", {}).code, ErrorCode::kBadData);
  EXPECT_EQ(refusal_of([&] { answerer({.batch_size = 0}); }).code, ErrorCode::kUsage);
  write_classifier(folder.path(), {{1, 2, 3}}, kSpiece);
  EXPECT_EQ(refusal_of([&] { answerer(); }).code, ErrorCode::kMismatch);
}

}  // namespace
}  // namespace albert::testing
