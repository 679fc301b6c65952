// What each head makes of its labels and options, against the same numbers worked out from its
// logits.
#include <algorithm>

#include "tests/support/compare.h"
#include "tests/support/files.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

const ModelOptions kTrainable{
    .precision = Precision::kF64, .trainable = true, .backend = {.threads = 1}};

template <class Head>
Head make(const AlbertConfig& config) {
  auto head = Head::from_config(config, kTrainable);
  randomize(head, 7);
  return head;
}

// -log softmax(logits[row])[c]
double nll(const HostTensor& logits, int64_t row, int64_t c) {
  const int64_t n = logits.dim(-1);
  double total = 0;
  for (int64_t i = 0; i < n; ++i) total += std::exp(logits.at<double>(row * n + i));
  return std::log(total) - logits.at<double>(row * n + c);
}

HostTensor i64(std::vector<int64_t> shape, const std::vector<int64_t>& values) {
  return HostTensor::of<int64_t>(std::move(shape), values);
}
HostTensor f32(std::vector<int64_t> shape, const std::vector<float>& values) {
  return HostTensor::of<float>(std::move(shape), values);
}

TEST(Losses, SequenceClassificationWeighsSmoothsAndIgnores) {
  const AlbertConfig config = with_labels(3);
  const RandomBatch batch(config, 4, 6, 5);
  auto head = make<AlbertForSequenceClassification>(config);
  const auto out =
      head.forward(batch.inputs, i64({4}, {2, -100, 0, 1}), {.loss = {{0.5F, 1, 4}, 0.1}});
  const double w[] = {0.5, 1, 4};
  const int64_t rows[] = {0, 2, 3}, labels[] = {2, 0, 1};
  double loss = 0;
  for (int i = 0; i < 3; ++i) {
    loss += 0.9 * w[labels[i]] * nll(out.logits, rows[i], labels[i]);
    for (int64_t c = 0; c < 3; ++c) loss += 0.1 / 3 * w[c] * nll(out.logits, rows[i], c);
  }
  EXPECT_NEAR(*out.loss, loss / 5.5, 1e-12);

  const auto plain = head.forward(batch.inputs, i64({4}, {2, -100, 0, 1}));
  EXPECT_NEAR(*plain.loss,
              (nll(plain.logits, 0, 2) + nll(plain.logits, 2, 0) + nll(plain.logits, 3, 1)) / 3,
              1e-12);
}

TEST(Losses, TheProblemFollowsTheLabelsOrTheConfig) {
  AlbertConfig config = with_labels(2);
  const RandomBatch batch(config, 2, 6, 5);
  auto head = make<AlbertForSequenceClassification>(config);
  const auto targets = f32({2, 2}, {1, 0, 0.5F, 1});
  const auto multi = head.forward(batch.inputs, targets);
  double bce = 0, squares = 0;
  for (int64_t i = 0; i < 4; ++i) {
    const double x = multi.logits.at<double>(i), y = static_cast<double>(targets.at<float>(i));
    bce += (std::log1p(std::exp(-std::fabs(x))) + std::max(x, 0.0) - x * y) / 4;
    squares += (x - y) * (x - y) / 4;
  }
  EXPECT_NEAR(*multi.loss, bce, 1e-12);
  config.problem_type = "regression";
  EXPECT_NEAR(*make<AlbertForSequenceClassification>(config).forward(batch.inputs, targets).loss,
              squares, 1e-12);
  auto one = make<AlbertForSequenceClassification>(with_labels(1));
  const auto score = one.forward(batch.inputs, f32({2}, {1, 3}));
  EXPECT_NEAR(
      *score.loss,
      (std::pow(score.logits.at<double>(0) - 1, 2) + std::pow(score.logits.at<double>(1) - 3, 2)) /
          2,
      1e-12);
}

TEST(Losses, TokenClassificationCountsLabelledTokens) {
  const AlbertConfig config = with_labels(4);
  ModelInputs in;
  in.input_ids = i64({2, 3}, {1, 2, 3, 4, 5, 0});
  in.attention_mask = i64({2, 3}, {1, 1, 1, 1, 1, 0});
  auto head = make<AlbertForTokenClassification>(config);
  const auto out =
      head.forward(in, i64({2, 3}, {-100, 3, -100, 0, -100, 2}));  // the last is padding
  EXPECT_NEAR(*out.loss, (nll(out.logits, 1, 3) + nll(out.logits, 3, 0)) / 2, 1e-12);
}

TEST(Losses, NothingLabelledIsNanWithoutGradient) {  // as torch's mean of nothing
  const AlbertConfig config = tiny_config();
  const RandomBatch batch(config, 2, 5, 5);
  auto head = make<AlbertForMaskedLM>(config);
  const auto out =
      head.forward(batch.inputs, i64({2, 5}, std::vector<int64_t>(10, -100)), {.backward = true});
  EXPECT_TRUE(std::isnan(*out.loss));
  for (const auto& [name, gradient] : head.gradients().tensors)
    for (const double v : doubles(gradient)) ASSERT_EQ(v, 0.0) << name;
}

TEST(Losses, QuestionAnsweringClampsAndLeavesOut) {
  const AlbertConfig config = with_labels(2);
  ModelInputs in;
  in.input_ids = i64({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  auto head = make<AlbertForQuestionAnswering>(config);
  const auto out =
      head.forward(in, {i64({2}, {-3, 2}), i64({2}, {4, 1})});  // -3 means 0; 4 is beyond
  EXPECT_NEAR(*out.loss,
              ((nll(out.start_logits, 0, 0) + nll(out.start_logits, 1, 2)) / 2 +
               nll(out.end_logits, 1, 1)) /
                  2,
              1e-12);
  in.attention_mask = i64({2, 4}, {1, 1, 1, 1, 1, 1, 0, 0});
  EXPECT_TRUE(refusal_of([&] {
                head.forward(in, {i64({2}, {0, 2}), i64({2}, {0, 1})});
              }).says("start_positions[1] is 2, which is padding"));
  EXPECT_EQ(refusal_of([&] { AlbertForQuestionAnswering other(with_labels(3)); }).code,
            ErrorCode::kMismatch);
}

TEST(Losses, MultipleChoiceComparesChoices) {
  const AlbertConfig config = tiny_config();
  ModelInputs in;
  in.input_ids = i64({2, 3, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  auto head = make<AlbertForMultipleChoice>(config);
  const auto out = head.forward(in, i64({2}, {2, 0}));
  EXPECT_EQ(out.logits.shape(), (std::vector<int64_t>{2, 3}));
  EXPECT_NEAR(*out.loss, (nll(out.logits, 0, 2) + nll(out.logits, 1, 0)) / 2, 1e-12);
  EXPECT_TRUE(refusal_of([&] { head.forward(in, i64({2}, {3, 0})); }).says("there are 3 classes"));
}

TEST(Losses, PretrainingHasALossOnlyWithBothLabels) {
  const AlbertConfig config = tiny_config();
  const RandomBatch batch(config, 2, 5, 5);
  auto head = make<AlbertForPreTraining>(config);
  EXPECT_FALSE(head.forward(batch.inputs, {batch.pretraining.labels, {}}).loss);
  const auto out = head.forward(batch.inputs, batch.pretraining);
  EXPECT_NEAR(*out.loss, *out.mlm_loss + *out.sop_loss, 1e-14);
  EXPECT_EQ(refusal_of([&] { head.forward(batch.inputs, {}, {.backward = true}); }).code,
            ErrorCode::kBadData);
}

TEST(Losses, MicroBatchesThatShareACountAddUpToTheWholeBatch) {
  const AlbertConfig config = tiny_config();
  const RandomBatch batch(config, 3, 7, 4);
  auto whole =
      AlbertForPreTraining::from_config(config, {.precision = Precision::kF64, .trainable = true});
  auto parts =
      AlbertForPreTraining::from_config(config, {.precision = Precision::kF64, .trainable = true});
  const auto out =
      whole.forward(batch.inputs, batch.pretraining, {.logits = false, .backward = true});
  double mlm = 0, sop = 0;
  int64_t correct = 0, count = 0;
  for (int64_t b = 0; b < 3; ++b) {
    const RandomBatch one = batch.single(b);
    const LossOptions loss{.counts = {static_cast<double>(out.mlm_count), 3}};
    const auto part = parts.forward(one.inputs, one.pretraining,
                                    {.logits = b == 1, .backward = true, .loss = loss});
    mlm += *part.mlm_loss;
    sop += *part.sop_loss;
    correct += part.mlm_correct;
    count += part.mlm_count;
  }
  EXPECT_NEAR(mlm, *out.mlm_loss, 1e-12);
  EXPECT_NEAR(sop, *out.sop_loss, 1e-12);
  EXPECT_EQ(correct, out.mlm_correct);
  EXPECT_EQ(count, out.mlm_count);
  EXPECT_EQ(out.sop_count, 3);
  for (const auto& [name, gradient] : whole.gradients().tensors)
    EXPECT_TRUE(close(doubles(parts.gradients().tensors.at(name)), doubles(gradient), 1e-9, 1e-6))
        << name;
}

TEST(Losses, CorrectOnesAreThoseWhoseLargestLogitIsTheLabels) {
  const AlbertConfig config = tiny_config();
  const RandomBatch batch(config, 4, 9, 5);
  auto model = AlbertForPreTraining::from_config(config);
  const auto out = model.forward(batch.inputs, batch.pretraining);
  int64_t mlm = 0, count = 0;
  for (int64_t i = 0; i < batch.pretraining.labels.size(); ++i) {
    const int64_t label = batch.pretraining.labels.at<int64_t>(i);
    if (label == -100) continue;
    const float* row = out.prediction_logits.data<float>() + i * config.vocab_size;
    mlm += std::max_element(row, row + config.vocab_size) - row == label;
    ++count;
  }
  EXPECT_EQ(out.mlm_correct, mlm);
  EXPECT_EQ(out.mlm_count, count);
  int64_t sop = 0;
  for (int64_t b = 0; b < 4; ++b)
    sop += (out.sop_logits.at<float>(2 * b) < out.sop_logits.at<float>(2 * b + 1)) ==
           (batch.pretraining.sentence_order_label.at<int64_t>(b) == 1);
  EXPECT_EQ(out.sop_correct, sop);
}

TEST(Inputs, EmbeddedWordsGiveTheSameAsTheirIds) {
  const AlbertConfig config = tiny_config();
  const RandomBatch batch(config, 3, 6, 5);
  auto head = make<AlbertForPreTraining>(config);
  const auto from_ids = head.forward(batch.inputs, batch.pretraining, {.backward = true});
  const HostTensor word = head.state_dict().tensors.at("albert.embeddings.word_embeddings.weight");
  const TensorFile gradients = head.gradients();
  ModelInputs embedded = batch.inputs;
  embedded.input_ids = {};
  embedded.inputs_embeds = HostTensor(DType::kF64, {3, 6, config.embedding_size});
  for (int64_t i = 0; i < 18; ++i)
    std::memcpy(embedded.inputs_embeds.data<double>() + i * config.embedding_size,
                word.data<double>() + batch.inputs.input_ids.at<int64_t>(i) * config.embedding_size,
                static_cast<size_t>(config.embedding_size) * 8);
  head.zero_grads();
  const auto from_embeds = head.forward(embedded, batch.pretraining, {.backward = true});
  EXPECT_NEAR(*from_embeds.loss, *from_ids.loss, 1e-13);
  EXPECT_EQ(from_embeds.inputs_embeds_gradient.shape(), embedded.inputs_embeds.shape());
  EXPECT_TRUE(close(doubles(head.gradients().tensors.at("albert.pooler.weight")),
                    doubles(gradients.tensors.at("albert.pooler.weight")), 1e-12));
  // The loss moves along the gradient as it should.
  double slope = 0;
  ModelInputs moved = embedded;
  for (int64_t i = 0; i < embedded.inputs_embeds.size(); ++i) {
    const double g = from_embeds.inputs_embeds_gradient.at<double>(i);
    slope += g * g;
    moved.inputs_embeds.data<double>()[i] += 1e-6 * g;
  }
  EXPECT_NEAR((*head.forward(moved, batch.pretraining).loss - *from_ids.loss) / 1e-6, slope,
              1e-4 * slope);
}

TEST(Inputs, PaddingAnywhereChangesNothingElse) {
  const AlbertConfig config = tiny_config();
  auto head = make<AlbertForMaskedLM>(config);
  ModelInputs plain, holes;
  plain.input_ids = i64({1, 3}, {4, 5, 6});
  plain.position_ids = i64({1, 3}, {1, 2, 4});
  holes.input_ids = i64({1, 5}, {9, 4, 5, 9, 6});
  holes.attention_mask = i64({1, 5}, {0, 1, 1, 0, 1});
  const auto a = doubles(head.forward(plain).logits), b = doubles(head.forward(holes).logits);
  const auto v = static_cast<size_t>(config.vocab_size);
  for (size_t i = 0; i < v; ++i) {
    EXPECT_NEAR(a[i], b[v + i], 1e-12);
    EXPECT_NEAR(a[2 * v + i], b[4 * v + i], 1e-12);
    EXPECT_EQ(b[3 * v + i], 0.0);
  }
}

}  // namespace
}  // namespace albert::testing
