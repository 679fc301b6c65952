// Ragged sequences give the bits of the same batch padded: outputs, states and gradients of every
// head, with dropout.
#include <functional>

#include <gtest/gtest.h>

#include "tests/support/models.h"

namespace albert::testing {
namespace {

constexpr int64_t kBatch = 6, kLength = 9;

HostTensor labels_of(std::vector<int64_t> shape, int64_t classes) {
  HostTensor labels(DType::kI64, std::move(shape));
  for (int64_t i = 0; i < labels.size(); ++i) labels.data<int64_t>()[i] = i % classes;
  return labels;
}

HostTensor floats_of(std::vector<int64_t> shape) {
  HostTensor values(DType::kF32, std::move(shape));
  for (int64_t i = 0; i < values.size(); ++i) values.data<float>()[i] = 0.1F * float(i % 7) - 0.2F;
  return values;
}

Sequences ragged_of(const ModelInputs& padded) {
  Sequences ragged;
  for (int64_t b = 0; b < kBatch; ++b) {
    auto& ids = ragged.input_ids.emplace_back();
    auto& types = ragged.token_type_ids.emplace_back();
    for (int64_t i = b * kLength; i < (b + 1) * kLength; ++i) {
      if (padded.attention_mask.at<int64_t>(i) == 0) break;
      ids.push_back(static_cast<int32_t>(padded.input_ids.at<int64_t>(i)));
      types.push_back(static_cast<int32_t>(padded.token_type_ids.at<int64_t>(i)));
    }
  }
  return ragged;
}

ForwardOptions everything() {
  ForwardOptions options{.output_hidden_states = true, .output_attentions = true, .backward = true};
  options.dropout = {.active = true, .seed = 3, .step = 5};
  return options;
}

AlbertConfig config_with_dropout() {
  AlbertConfig config = tiny_config();
  config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.2;
  return config;
}

void expect_same(const HostTensor& a, const HostTensor& b, const std::string& what) {
  ASSERT_FALSE(a.empty()) << what;
  ASSERT_EQ(a.shape(), b.shape()) << what;
  EXPECT_EQ(std::memcmp(a.raw(), b.raw(), a.bytes()), 0) << what;
}

void expect_same(const ModelOutput& a, const ModelOutput& b) {
  EXPECT_EQ(*a.loss, *b.loss);
  ASSERT_EQ(a.hidden_states.size(), b.hidden_states.size());
  for (size_t i = 0; i < a.hidden_states.size(); ++i)
    expect_same(a.hidden_states[i], b.hidden_states[i], "hidden_states");
  ASSERT_EQ(a.attentions.size(), b.attentions.size());
  for (size_t i = 0; i < a.attentions.size(); ++i)
    expect_same(a.attentions[i], b.attentions[i], "attentions");
}

// `run` calls the head's forward() with the inputs it is given; `tensors` are the fields of its
// output besides those that all outputs have.
template <class Head, class Run, class... Field>
void compare(BatchInputs padded, BatchInputs ragged, Run run, Field... fields) {
  auto head = Head::from_config(config_with_dropout(), {.trainable = true});
  const auto a = run(head, padded);
  const TensorFile gradients = head.gradients();
  head.zero_grads();
  const auto b = run(head, ragged);
  expect_same(a, b);
  (expect_same(a.*fields, b.*fields, "a field of the output"), ...);
  EXPECT_TRUE(same_bits(gradients, head.gradients()));
}

struct SequencesOfHeads : ::testing::Test {
  RandomBatch batch{tiny_config(), kBatch, kLength, 11};
  ModelInputs padded = batch.inputs;
  Sequences ragged = ragged_of(padded);
  ForwardOptions options = everything();
};

TEST_F(SequencesOfHeads, Model) {
  const ModelUpstreams upstreams{floats_of({kBatch, kLength, tiny_config().hidden_size}),
                                 floats_of({kBatch, tiny_config().hidden_size})};
  compare<AlbertModel>(
      padded, ragged, [&](auto& m, BatchInputs in) { return m.forward(in, upstreams, options); },
      &BaseModelOutputWithPooling::last_hidden_state, &BaseModelOutputWithPooling::pooler_output);
}

TEST_F(SequencesOfHeads, PreTraining) {
  compare<AlbertForPreTraining>(
      padded, ragged,
      [&](auto& m, BatchInputs in) { return m.forward(in, batch.pretraining, options); },
      &AlbertForPreTrainingOutput::prediction_logits, &AlbertForPreTrainingOutput::sop_logits);
}

TEST_F(SequencesOfHeads, MaskedLM) {
  compare<AlbertForMaskedLM>(
      padded, ragged,
      [&](auto& m, BatchInputs in) { return m.forward(in, batch.pretraining.labels, options); },
      &MaskedLMOutput::logits);
}

TEST_F(SequencesOfHeads, SequenceClassification) {
  const HostTensor labels = labels_of({kBatch}, 2);
  compare<AlbertForSequenceClassification>(
      padded, ragged, [&](auto& m, BatchInputs in) { return m.forward(in, labels, options); },
      &SequenceClassifierOutput::logits);
}

TEST_F(SequencesOfHeads, MultipleChoice) {
  constexpr int64_t kChoices = 3, kQuestions = kBatch / kChoices;
  for (HostTensor* t : {&padded.input_ids, &padded.attention_mask, &padded.token_type_ids})
    *t = t->reshaped({kQuestions, kChoices, kLength});
  ragged.choices = kChoices;
  const HostTensor labels = labels_of({kQuestions}, kChoices);
  compare<AlbertForMultipleChoice>(
      padded, ragged, [&](auto& m, BatchInputs in) { return m.forward(in, labels, options); },
      &MultipleChoiceModelOutput::logits);
}

TEST_F(SequencesOfHeads, TokenClassification) {
  const HostTensor labels = labels_of({kBatch, kLength}, 2);
  compare<AlbertForTokenClassification>(
      padded, ragged, [&](auto& m, BatchInputs in) { return m.forward(in, labels, options); },
      &TokenClassifierOutput::logits);
}

TEST_F(SequencesOfHeads, QuestionAnswering) {
  const HostTensor first = labels_of({kBatch}, 1);
  compare<AlbertForQuestionAnswering>(
      padded, ragged,
      [&](auto& m, BatchInputs in) {
        return m.forward(in, QuestionAnsweringLabels{first, first}, options);
      },
      &QuestionAnsweringModelOutput::start_logits, &QuestionAnsweringModelOutput::end_logits);
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kBadData);
    return e.what();
  }
  return "accepted";
}

TEST_F(SequencesOfHeads, ChoicesAreForMultipleChoiceAlone) {
  auto choice = AlbertForMultipleChoice::from_config(tiny_config());
  auto words = AlbertForMaskedLM::from_config(tiny_config());
  ragged.choices = 4;
  EXPECT_EQ(refusal([&] { choice.forward(ragged); }),
            "6 sequences do not divide into questions of 4 choices");
  ragged.choices = 0;
  EXPECT_NE(refusal([&] { choice.forward(ragged); }).find("questions of 0 choices"),
            std::string::npos);
  ragged.choices = 2;
  EXPECT_EQ(refusal([&] { words.forward(ragged); }),
            "the sequences have 2 choices, AlbertForMaskedLM wants 1");
}

}  // namespace
}  // namespace albert::testing
