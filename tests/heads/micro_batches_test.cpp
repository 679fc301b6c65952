// A batch of 8 and the same 8 in 4 micro-batches of 2 give the same loss and gradients, whatever
// the head and the kind of its labels: each micro-batch divides by the counts of all of them.
// Labels are unequally many, and one micro-batch has none.
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/compare.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

constexpr int64_t kExamples = 8, kMicroBatch = 2, kLongest = 9;
constexpr int64_t kNone = -100;

// Some number below `below` for the element (a, b).
int64_t hashed(int64_t a, int64_t b, int64_t below) {
  return ((a * 7919 + b * 104729 + 17) * 2654435761LL >> 8) % below;
}

// Examples [begin, begin + n), each of `choices` sequences of 1 to 9 tokens.
Sequences examples(int64_t begin, int64_t n, int64_t choices) {
  Sequences sequences{.choices = choices};
  for (int64_t s = begin * choices; s < (begin + n) * choices; ++s) {
    const int64_t length = s == 0 ? kLongest : 1 + hashed(s, 1, kLongest);
    auto& ids = sequences.input_ids.emplace_back();
    for (int64_t i = 0; i < length; ++i) ids.push_back(static_cast<int32_t>(hashed(s, i, 29)));
  }
  return sequences;
}

// The labels of the examples [begin, begin + n), padded to `length` where they are of tokens.
template <class Labels>
using LabelsOf = std::function<Labels(int64_t begin, int64_t n, int64_t length)>;

// One integer for each example; those of the second micro-batch and of one more are not labelled.
HostTensor class_of_each(int64_t begin, int64_t n, int64_t classes) {
  HostTensor labels(DType::kI64, {n});
  for (int64_t b = begin; b < begin + n; ++b)
    labels.data<int64_t>()[b - begin] =
        b / kMicroBatch == 1 || b == 5 ? kNone : hashed(b, 2, classes);
  return labels;
}

HostTensor class_of_each_token(int64_t begin, int64_t n, int64_t length, int64_t classes) {
  HostTensor labels(DType::kI64, {n, length});
  for (int64_t b = begin; b < begin + n; ++b)
    for (int64_t i = 0; i < length; ++i)
      labels.data<int64_t>()[(b - begin) * length + i] =
          b / kMicroBatch == 1 || hashed(b, i, 3) == 0 ? kNone : hashed(i, b, classes);
  return labels;
}

HostTensor floats(int64_t begin, int64_t n, int64_t columns) {
  HostTensor values(DType::kF32, {n, columns});
  for (int64_t b = begin; b < begin + n; ++b)
    for (int64_t c = 0; c < columns; ++c)
      values.data<float>()[(b - begin) * columns + c] = 0.25F * float(hashed(b, c, 5));
  return values;
}

void add(std::vector<double>& sums, const std::vector<double>& counts) {
  sums.resize(counts.size());
  for (size_t i = 0; i < counts.size(); ++i) sums[i] += counts[i];
}

template <class Head>
void expect_parts_add_up(const AlbertConfig& config, int64_t choices,
                         const LabelsOf<typename Head::LabelsType>& labels_of,
                         const LossOptions& loss = {}) {
  const ModelOptions f64{.precision = Precision::kF64, .trainable = true};
  auto whole = Head::from_config(config, f64), parts = Head::from_config(config, f64);
  ForwardOptions step{.logits = false, .backward = true, .loss = loss};
  const Sequences all = examples(0, kExamples, choices);
  const auto labels = labels_of(0, kExamples, all.longest());
  const double expected = *whole.forward(all, labels, step).loss;

  std::vector<double> counts;
  for (int64_t b = 0; b < kExamples; b += kMicroBatch) {
    const Sequences inputs = examples(b, kMicroBatch, choices);
    add(counts, parts.count(inputs, labels_of(b, kMicroBatch, inputs.longest()), loss));
  }
  EXPECT_EQ(counts, whole.count(all, labels, loss));
  step.loss.counts = counts;
  double sum = 0;
  for (int64_t b = 0; b < kExamples; b += kMicroBatch) {
    const Sequences inputs = examples(b, kMicroBatch, choices);
    step.logits = b == 2;  // whether all rows are computed makes no difference
    sum += *parts.forward(inputs, labels_of(b, kMicroBatch, inputs.longest()), step).loss;
  }
  EXPECT_NEAR(sum, expected, 1e-12 * std::max(1.0, std::fabs(expected)));
  const TensorFile a = whole.gradients(), b = parts.gradients();
  for (const auto& [name, gradient] : a.tensors)
    EXPECT_TRUE(close(doubles(b.tensors.at(name)), doubles(gradient), 1e-11, 1e-3)) << name;
}

TEST(MicroBatches, Model) {
  expect_parts_add_up<AlbertModel>(
      tiny_config(), 1, [](int64_t begin, int64_t n, int64_t length) -> ModelUpstreams {
        const int64_t hidden = tiny_config().hidden_size;
        HostTensor rows(DType::kF64, {n, length, hidden});
        for (int64_t i = 0; i < rows.size(); ++i) {
          const int64_t b = begin + i / (length * hidden);
          rows.data<double>()[i] = 0.1 * static_cast<double>(hashed(b, i % (length * hidden), 9));
        }
        return {rows, floats(begin, n, hidden)};
      });
}

TEST(MicroBatches, PreTraining) {
  expect_parts_add_up<AlbertForPreTraining>(
      tiny_config(), 1, [](int64_t begin, int64_t n, int64_t length) -> PreTrainingLabels {
        return {class_of_each_token(begin, n, length, 29), class_of_each(begin, n, 2)};
      });
}

TEST(MicroBatches, MaskedLM) {
  for (const LossOptions& loss : {LossOptions{}, LossOptions{.label_smoothing = 0.1}})
    expect_parts_add_up<AlbertForMaskedLM>(
        tiny_config(), 1,
        [](int64_t begin, int64_t n, int64_t length) {
          return class_of_each_token(begin, n, length, 29);
        },
        loss);
}

TEST(MicroBatches, SequenceClassificationOfEveryKind) {
  const auto classes = [](int64_t begin, int64_t n, int64_t) { return class_of_each(begin, n, 3); };
  const auto targets = [](int64_t begin, int64_t n, int64_t) { return floats(begin, n, 3); };
  const LossOptions weighted{.class_weights = {0.5F, 1, 4}}, smooth{{0.5F, 1, 4}, 0.2};
  for (const LossOptions& loss : {LossOptions{}, weighted, smooth})
    expect_parts_add_up<AlbertForSequenceClassification>(with_labels(3), 1, classes, loss);
  for (const LossOptions& loss : {LossOptions{}, weighted})
    expect_parts_add_up<AlbertForSequenceClassification>(
        with_labels(3, "multi_label_classification"), 1, targets, loss);
  expect_parts_add_up<AlbertForSequenceClassification>(with_labels(3, "regression"), 1, targets);
}

TEST(MicroBatches, MultipleChoice) {
  const auto labels = [](int64_t begin, int64_t n, int64_t) { return class_of_each(begin, n, 3); };
  for (const LossOptions& loss : {LossOptions{}, LossOptions{{0.5F, 1, 4}, 0.1}})
    expect_parts_add_up<AlbertForMultipleChoice>(tiny_config(), 3, labels, loss);
}

TEST(MicroBatches, TokenClassification) {
  const auto labels = [](int64_t begin, int64_t n, int64_t length) {
    return class_of_each_token(begin, n, length, 3);
  };
  for (const LossOptions& loss : {LossOptions{}, LossOptions{{0.5F, 1, 4}, 0.1}})
    expect_parts_add_up<AlbertForTokenClassification>(with_labels(3), 1, labels, loss);
}

// Starts of the second micro-batch and ends of the third lie beyond the sequences: left out.
TEST(MicroBatches, QuestionAnswering) {
  constexpr int64_t kBeyond = 100;
  expect_parts_add_up<AlbertForQuestionAnswering>(
      with_labels(2), 1, [](int64_t begin, int64_t n, int64_t) -> QuestionAnsweringLabels {
        QuestionAnsweringLabels labels{HostTensor(DType::kI64, {n}), HostTensor(DType::kI64, {n})};
        for (int64_t b = begin; b < begin + n; ++b) {
          const Sequences one = examples(b, 1, 1);
          const bool no_start = b / kMicroBatch == 1, no_end = b / kMicroBatch == 2 || b == 0;
          labels.start_positions.data<int64_t>()[b - begin] =
              no_start ? kBeyond : hashed(b, 3, one.longest());
          labels.end_positions.data<int64_t>()[b - begin] =
              no_end ? kBeyond : hashed(b, 4, one.longest());
        }
        return labels;
      });
}

std::string usage_error(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kUsage);
    return e.what();
  }
  return "accepted";
}

TEST(Counts, AreAsManyAsTheLossHasTermsAndNeverNegative) {
  const RandomBatch batch(tiny_config(), 2, 5, 1);
  auto head = AlbertForPreTraining::from_config(tiny_config());
  EXPECT_EQ(head.count(batch.inputs, batch.pretraining).size(), 2U);
  const auto says = [&](std::vector<double> counts) {
    return usage_error(
        [&] { head.forward(batch.inputs, batch.pretraining, {.loss = {.counts = counts}}); });
  };
  EXPECT_EQ(says({3}),
            "LossOptions::counts has 1 numbers, the loss of AlbertForPreTraining has 2 terms");
  EXPECT_EQ(says({3, -1}), "LossOptions::counts holds -1, wanted 0 or more");
  EXPECT_EQ(says({3, 2}), "accepted");
  EXPECT_EQ(usage_error([&] {
              head.forward(batch.inputs, batch.pretraining, {.loss = {.label_smoothing = 0.1}});
            }),
            "the loss of AlbertForPreTraining has neither class weights nor label smoothing");
}

// As torch's mean of nothing, also where only labelled rows are computed.
TEST(Counts, OfNothingMakeTheLossNan) {
  const RandomBatch batch(tiny_config(), 2, 5, 1);
  const HostTensor none = HostTensor::of<int64_t>({2, 5}, std::vector<int64_t>(10, kNone));
  auto words = AlbertForMaskedLM::from_config(tiny_config(), {.trainable = true});
  EXPECT_EQ(words.count(batch.inputs, none), std::vector<double>{0});
  for (const bool logits : {false, true}) {
    const auto out = words.forward(batch.inputs, none, {.logits = logits, .backward = true});
    EXPECT_TRUE(std::isnan(*out.loss));
  }
  for (const auto& [name, gradient] : words.gradients().tensors)
    for (const double v : doubles(gradient)) ASSERT_EQ(v, 0.0) << name;
}

}  // namespace
}  // namespace albert::testing
