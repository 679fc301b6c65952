// The loss of R-Drop against the same worked out from the logits of both passes, and its gradients.
#include "tests/support/compare.h"
#include "tests/support/files.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

constexpr double kAlpha = 0.7;
const Sequences kOnce{{{1, 2, 3, 4}, {5, 6}, {7, 8, 9}}, {{0, 0, 1, 1}, {0, 1}, {0, 1, 1}}};

Sequences twice(Sequences once) {
  const Sequences first = once;
  once.input_ids.insert(once.input_ids.end(), first.input_ids.begin(), first.input_ids.end());
  once.token_type_ids.insert(once.token_type_ids.end(), first.token_type_ids.begin(),
                             first.token_type_ids.end());
  return once;
}

HostTensor labels_of(const std::vector<int64_t>& once, std::vector<int64_t> shape) {
  std::vector<int64_t> both = once;
  both.insert(both.end(), once.begin(), once.end());
  return HostTensor::of<int64_t>(std::move(shape), both);
}

ForwardOptions with_rdrop(double alpha, bool backward = false) {
  ForwardOptions options{.backward = backward};
  options.dropout = {.active = true, .seed = 3, .step = 5};
  options.loss.rdrop_alpha = alpha;
  return options;
}

AlbertConfig config_of(int64_t labels) {
  AlbertConfig config = with_labels(labels);
  config.hidden_dropout_prob = 0.2;
  config.classifier_dropout_prob = 0.3;
  return config;
}

template <class Head>
Head make(int64_t labels) {
  auto head = Head::from_config(
      config_of(labels),
      {.precision = Precision::kF64, .trainable = true, .backend = {.threads = 1}});
  randomize(head, 7);
  return head;
}

using Row = std::vector<double>;

// Numbers begin, begin + stride, .. of the logits.
Row row_of(const HostTensor& logits, int64_t begin, int64_t n, int64_t stride = 1) {
  Row row;
  for (int64_t i = 0; i < n; ++i) row.push_back(logits.at<double>(begin + i * stride));
  return row;
}

Row log_softmax(Row row) {
  double sum = 0;
  for (const double x : row) sum += std::exp(x);
  for (double& x : row) x -= std::log(sum);
  return row;
}

// Half the negative log likelihoods of both passes, and alpha times half of both divergences.
double loss_of(const Row& one, const Row& other, int64_t label) {
  const Row p = log_softmax(one), q = log_softmax(other);
  double divergences = 0;
  for (size_t c = 0; c < p.size(); ++c)
    divergences += (std::exp(p[c]) - std::exp(q[c])) * (p[c] - q[c]);
  const auto at = static_cast<size_t>(label);
  return (-p[at] - q[at] + kAlpha * divergences) / 2;
}

template <class Head, class Labels>
void expect_refused(Head& head, const Sequences& inputs, const Labels& labels,
                    const std::string& what, double alpha = kAlpha) {
  EXPECT_TRUE(refusal_of([&] { head.forward(inputs, labels, with_rdrop(alpha)); }).says(what));
}

// The loss moves along its gradient, over all parameters at once, as it should; half the loss is
// that of twice the count.
template <class Head, class Labels>
void expect_exact(Head& head, const Sequences& inputs, const Labels& labels) {
  const double before = *head.forward(inputs, labels, with_rdrop(kAlpha, true)).loss;
  double slope = 0;
  constexpr double kStep = 1e-6;
  const Tensor values = head.parameters().flat_values(), gradients = head.parameters().flat_grads();
  const auto move = [&](double by) {
    for (int64_t i = 0; i < values.shape.size(); ++i)
      static_cast<double*>(values.data)[i] += by * static_cast<const double*>(gradients.data)[i];
    head.sync_compute_copies();
    return *head.forward(inputs, labels, with_rdrop(kAlpha)).loss;
  };
  for (const auto& [name, gradient] : head.gradients().tensors)
    for (const double g : doubles(gradient)) slope += g * g;
  const double up = move(kStep), down = move(-2 * kStep);
  EXPECT_NEAR((up - down) / (2 * kStep), slope, 1e-6 * slope);
  EXPECT_GT(slope, 1e-3);
  move(kStep);

  ForwardOptions halved = with_rdrop(kAlpha);
  halved.loss.counts = head.count(inputs, labels, halved.loss);
  EXPECT_NEAR(*head.forward(inputs, labels, halved).loss, before, 1e-12);
  for (double& count : halved.loss.counts) count *= 2;
  EXPECT_NEAR(*head.forward(inputs, labels, halved).loss, before / 2, 1e-12);
}

TEST(RDrop, OfSequencesWeighsAndLeavesOut) {
  auto head = make<AlbertForSequenceClassification>(3);
  const auto labels = labels_of({2, -100, 0}, {6});
  ForwardOptions options = with_rdrop(kAlpha);
  options.loss.class_weights = {0.5, 1, 4};
  const auto out = head.forward(twice(kOnce), labels, options);
  const auto pair = [&](int64_t b, int64_t label) {
    return loss_of(row_of(out.logits, 3 * b, 3), row_of(out.logits, 3 * (b + 3), 3), label);
  };
  EXPECT_NEAR(*out.loss, (4 * pair(0, 2) + 0.5 * pair(2, 0)) / 4.5, 1e-12);
  expect_exact(head, twice(kOnce), labels);
}

TEST(RDrop, OfChoicesComparesQuestions) {
  auto head = make<AlbertForMultipleChoice>(2);
  Sequences once{{{1, 2}, {3, 4, 5}, {6}, {7, 8}}, {{0, 1}, {0, 0, 1}, {0}, {1, 1}}};
  Sequences both = twice(once);
  both.choices = 2;
  const auto labels = labels_of({1, 0}, {4});
  const auto out = head.forward(both, labels, with_rdrop(kAlpha));
  const auto pair = [&](int64_t q, int64_t label) {
    return loss_of(row_of(out.logits, 2 * q, 2), row_of(out.logits, 2 * (q + 2), 2), label);
  };
  EXPECT_NEAR(*out.loss, (pair(0, 1) + pair(1, 0)) / 2, 1e-12);
  expect_exact(head, both, labels);
}

TEST(RDrop, OfTokensComparesLabelledOnes) {
  auto head = make<AlbertForTokenClassification>(4);
  const auto labels =
      labels_of({-100, 3, -100, 2, 1, -100, -100, -100, -100, -100, 0, -100}, {6, 4});
  ForwardOptions options = with_rdrop(kAlpha);
  const auto out = head.forward(twice(kOnce), labels, options);
  const auto pair = [&](int64_t token, int64_t label) {
    return loss_of(row_of(out.logits, 4 * token, 4), row_of(out.logits, 4 * (token + 12), 4),
                   label);
  };
  const double expected = (pair(1, 3) + pair(3, 2) + pair(4, 1) + pair(10, 0)) / 4;
  EXPECT_NEAR(*out.loss, expected, 1e-12);
  options.logits = false;
  EXPECT_NEAR(*head.forward(twice(kOnce), labels, options).loss, expected, 1e-12);
  expect_exact(head, twice(kOnce), labels);
}

TEST(RDrop, OfSpansComparesStartsAndEnds) {
  auto head = make<AlbertForQuestionAnswering>(2);
  const QuestionAnsweringLabels labels{labels_of({1, 0, 9}, {6}), labels_of({3, 1, 2}, {6})};
  const auto out = head.forward(twice(kOnce), labels, with_rdrop(kAlpha));
  const auto pair = [&](const HostTensor& logits, int64_t b, int64_t n, int64_t at) {
    return loss_of(row_of(logits, 4 * b, n), row_of(logits, 4 * (b + 3), n), at);
  };
  const double starts = pair(out.start_logits, 0, 4, 1) + pair(out.start_logits, 1, 2, 0),
               ends = pair(out.end_logits, 0, 4, 3) + pair(out.end_logits, 1, 2, 1) +
                      pair(out.end_logits, 2, 3, 2);
  EXPECT_NEAR(*out.loss, (starts / 2 + ends / 3) / 2, 1e-12);  // 9 is beyond the sequences
  expect_exact(head, twice(kOnce), labels);
}

TEST(RDrop, WithoutDropoutAddsNothing) {
  auto head = make<AlbertForSequenceClassification>(3);
  const auto labels = labels_of({2, 1, 0}, {6});
  ForwardOptions options;
  const double plain = *head.forward(twice(kOnce), labels, options).loss;
  options.loss.rdrop_alpha = kAlpha;
  EXPECT_NEAR(*head.forward(twice(kOnce), labels, options).loss, plain, 1e-15);
}

TEST(RDrop, RefusesABatchThatIsNotTwiceTheSame) {
  const std::string what = "second half differs from its first";
  auto head = make<AlbertForSequenceClassification>(3);
  const auto labels = labels_of({2, 1, 0}, {6});
  expect_refused(head, kOnce, HostTensor::of<int64_t>({3}, {0, 1, 2}), what);
  Sequences other = twice(kOnce);
  other.input_ids[4][1] = 7;
  expect_refused(head, other, labels, what);
  other = twice(kOnce);
  other.token_type_ids[4][1] = 0;
  expect_refused(head, other, labels, what);
  other = twice(kOnce);
  std::swap(other.input_ids[0], other.input_ids[1]);
  std::swap(other.token_type_ids[0], other.token_type_ids[1]);
  expect_refused(head, other, labels, what);
  expect_refused(head, twice(kOnce), HostTensor::of<int64_t>({6}, {2, 1, 0, 2, 1, 1}), what);
  expect_refused(head, twice(kOnce), HostTensor::of<int64_t>({6}, {2, 1, 0, 2, 1, -100}), what);
  expect_refused(head, twice(kOnce), labels, "rdrop_alpha is -1, wanted 0 or more", -1);
  auto spans = make<AlbertForQuestionAnswering>(2);
  expect_refused(spans, twice(kOnce),
                 QuestionAnsweringLabels{HostTensor::of<int64_t>({6}, {1, 0, 9, 1, 0, 1}),
                                         labels_of({3, 1, 2}, {6})},
                 what);
}

TEST(RDrop, IsRefusedByLossesWithoutIt) {
  auto classes = make<AlbertForSequenceClassification>(3);
  expect_refused(classes, twice(kOnce), HostTensor::of<float>({6, 3}, std::vector<float>(18, 1)),
                 "rdrop_alpha is for single_label_classification");
  const auto tokens = labels_of(std::vector<int64_t>(12, 1), {6, 4});
  auto words = make<AlbertForMaskedLM>(2);
  expect_refused(words, twice(kOnce), tokens, "AlbertForMaskedLM has no R-Drop");
  auto orders = make<AlbertForPreTraining>(2);
  expect_refused(orders, twice(kOnce), PreTrainingLabels{tokens, labels_of({0, 1, 0}, {6})},
                 "AlbertForPreTraining has no R-Drop");
  auto beams = make<AlbertForQuestionAnsweringBeamSearch>(2);
  expect_refused(beams, twice(kOnce),
                 QuestionAnsweringLabels{labels_of({0, 0, 0}, {6}), labels_of({0, 0, 0}, {6})},
                 "AlbertForQuestionAnsweringBeamSearch has no R-Drop");
}

}  // namespace
}  // namespace albert::testing
