// Google's head for SQuAD 2.0 against its formulas in plain f64, and what must hold of every head.
#include <algorithm>
#include <functional>

#include "tests/support/compare.h"
#include "tests/support/files.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

using Head = AlbertForQuestionAnsweringBeamSearch;

constexpr int64_t kBatch = 4;
constexpr BeamSize kBeam{3, 2};

AlbertConfig config_of() {
  AlbertConfig config = tiny_config();
  config.classifier_dropout_prob = 0.4;
  return config;
}

// [CLS] question [SEP] context [SEP] with contexts of 5, 2, 0 and 9 tokens.
Sequences questions() {
  Sequences all;
  std::mt19937 random(3);
  for (const int context : {5, 2, 0, 9}) {
    auto& ids = all.input_ids.emplace_back();
    auto& types = all.token_type_ids.emplace_back(4, 0);
    types.resize(static_cast<size_t>(4 + context + 1), 1);
    for (size_t i = 0; i < types.size(); ++i) ids.push_back(static_cast<int32_t>(random() % 29));
  }
  return all;
}

Sequences one_of(const Sequences& all, size_t b) {
  return {{all.input_ids[b]}, {all.token_type_ids[b]}};
}

// The first and the third have no answer.
const std::vector<int64_t> kStarts{0, 4, 0, 6}, kEnds{0, 5, 0, 12};

QuestionAnsweringLabels labels(size_t begin = 0, size_t n = kBatch) {
  const auto part = [&](const std::vector<int64_t>& all) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(begin);
    return HostTensor::of<int64_t>(
        {static_cast<int64_t>(n)},
        std::vector<int64_t>(from, from + static_cast<std::ptrdiff_t>(n)));
  };
  return {part(kStarts), part(kEnds)};
}

Head make(ModelOptions options) {
  options.trainable = true;
  Head head = Head::from_config(config_of(), options);
  randomize(head, 7);
  head.set_beam(kBeam);
  return head;
}

ForwardOptions training_step(bool logits = false) {
  ForwardOptions options{.logits = logits, .backward = true};
  options.dropout = {.active = true, .seed = 11, .step = 3};
  return options;
}

using Vector = std::vector<double>;

// The formulas of docs/albert.md 2.6 over padded hidden states [S, H], one sequence at a time.
class Reference {
 public:
  Reference(const Head& head, const HostTensor& hidden_states, const Sequences& inputs)
      : hidden_(head.config().hidden_size), states_(hidden_states), inputs_(inputs) {
    for (const auto& [name, tensor] : head.state_dict().tensors) values_[name] = doubles(tensor);
  }

  bool may_answer(size_t b, size_t column) const {
    const auto& types = inputs_.token_type_ids[b];
    return column == 0 || (types[column] == 1 && column + 1 < types.size());
  }
  // Masked columns have minus infinity.
  Vector start_log_probs(size_t b) const {
    return log_softmax(b, [&](size_t i) {
      return dot("start_logits.dense.weight", row(b, i)) + values("start_logits.dense.bias")[0];
    });
  }
  Vector end_log_probs(size_t b, size_t start) const {
    return log_softmax(b, [&](size_t i) {
      const Vector x = normed(tanh_layer("end_logits.dense_0", row(b, i), row(b, start)));
      return dot("end_logits.dense_1.weight", x) + values("end_logits.dense_1.bias")[0];
    });
  }
  double class_logit(size_t b) const {
    const Vector log_probs = start_log_probs(b);
    Vector feature(static_cast<size_t>(hidden_));
    for (size_t i = 0; i < log_probs.size(); ++i)
      for (size_t h = 0; h < feature.size(); ++h)
        feature[h] += std::exp(log_probs[i]) * row(b, i)[h];
    return dot("answer_class.dense_1.weight",
               tanh_layer("answer_class.dense_0", feature, row(b, 0)));
  }
  double loss() const {
    double spans = 0, classes = 0;
    for (size_t b = 0; b < kBatch; ++b) {
      const auto start = static_cast<size_t>(kStarts[b]), end = static_cast<size_t>(kEnds[b]);
      spans -= start_log_probs(b)[start] + end_log_probs(b, start)[end];
      const double x = class_logit(b), y = start == 0 ? 1 : 0;
      classes += std::max(x, 0.0) - x * y + std::log1p(std::exp(-std::fabs(x)));
    }
    return 0.5 * spans / kBatch + 0.5 * classes / kBatch;
  }

 private:
  const Vector& values(const std::string& name) const { return values_.at(name); }
  Vector row(size_t b, size_t column) const {
    const Vector all = doubles(states_);
    const auto begin =
        all.begin() +
        (static_cast<int64_t>(b) * states_.dim(1) + static_cast<int64_t>(column)) * hidden_;
    return {begin, begin + hidden_};
  }
  double dot(const std::string& weight, const Vector& x) const {
    double sum = 0;
    for (size_t i = 0; i < x.size(); ++i) sum += values(weight)[i] * x[i];
    return sum;
  }
  Vector tanh_layer(const std::string& name, Vector a, const Vector& b) const {
    a.insert(a.end(), b.begin(), b.end());
    Vector y;
    for (size_t j = 0; j < static_cast<size_t>(hidden_); ++j) {
      double sum = values(name + ".bias")[j];
      for (size_t i = 0; i < a.size(); ++i)
        sum += values(name + ".weight")[j * a.size() + i] * a[i];
      y.push_back(std::tanh(sum));
    }
    return y;
  }
  Vector normed(Vector x) const {
    double mean = 0, variance = 0;
    for (const double v : x) mean += v / static_cast<double>(hidden_);
    for (const double v : x) variance += (v - mean) * (v - mean) / static_cast<double>(hidden_);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] =
          (x[i] - mean) / std::sqrt(variance + 1e-12) * values("end_logits.LayerNorm.weight")[i] +
          values("end_logits.LayerNorm.bias")[i];
    return x;
  }
  Vector log_softmax(size_t b, const std::function<double(size_t)>& logit) const {
    Vector logits(inputs_.input_ids[b].size(), -HUGE_VAL);
    double sum = 0;
    for (size_t i = 0; i < logits.size(); ++i)
      if (may_answer(b, i)) sum += std::exp(logits[i] = logit(i));
    for (double& v : logits) v -= std::log(sum);
    return logits;
  }

  int64_t hidden_;
  HostTensor states_;
  const Sequences& inputs_;
  std::map<std::string, Vector> values_;
};

// The columns of the `n` largest finite values, largest first.
std::vector<size_t> largest(const Vector& values, int64_t n) {
  std::vector<size_t> order;
  for (size_t i = 0; i < values.size(); ++i)
    if (std::isfinite(values[i])) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] > values[b]; });
  order.resize(std::min(order.size(), static_cast<size_t>(n)));
  return order;
}

void expect_entry(const HostTensor& log_probs, const HostTensor& index, int64_t at, double log_prob,
                  size_t column) {
  EXPECT_NEAR(log_probs.at<double>(at), log_prob, 1e-12);
  EXPECT_EQ(index.at<int64_t>(at), static_cast<int64_t>(column));
}

void expect_beam(const Reference& reference, const BeamSearchOutput& out, size_t b) {
  const Vector starts = reference.start_log_probs(b);
  const auto best = largest(starts, kBeam.starts);
  const auto first = static_cast<int64_t>(b) * kBeam.starts;
  for (size_t k = 0; k < static_cast<size_t>(kBeam.starts); ++k) {
    const int64_t at = first + static_cast<int64_t>(k);
    if (k >= best.size()) {
      EXPECT_EQ(out.start_top_log_probs.at<double>(at), -HUGE_VAL);
      EXPECT_EQ(out.end_top_log_probs.at<double>(at * kBeam.ends), -HUGE_VAL);
      continue;
    }
    expect_entry(out.start_top_log_probs, out.start_top_index, at, starts[best[k]], best[k]);
    const Vector ends = reference.end_log_probs(b, best[k]);
    const auto likeliest = largest(ends, kBeam.ends);
    for (size_t e = 0; e < likeliest.size(); ++e)
      expect_entry(out.end_top_log_probs, out.end_top_index,
                   at * kBeam.ends + static_cast<int64_t>(e), ends[likeliest[e]], likeliest[e]);
  }
  EXPECT_NEAR(out.cls_logits.at<double>(static_cast<int64_t>(b)), reference.class_logit(b), 1e-12);
}

TEST(BeamSearchHead, EqualsItsFormulas) {
  auto head = make({.precision = Precision::kF64});
  const Sequences inputs = questions();
  for (const bool states : {false, true}) {
    const auto out = head.forward(inputs, labels(), {.output_hidden_states = states});
    const auto whole = head.forward(inputs, {}, {.output_hidden_states = true});
    const Reference reference(head, whole.hidden_states.back(), inputs);
    EXPECT_NEAR(*out.loss, reference.loss(), 1e-12);
    for (size_t b = 0; b < kBatch; ++b) expect_beam(reference, out, b);
  }
}

TEST(BeamSearchHead, GradientsEqualCentralDifferencesInF64) {
  auto head = make({.precision = Precision::kF64, .backend = {.threads = 1}});
  const Sequences inputs = questions();
  ForwardOptions options = training_step();
  head.forward(inputs, labels(), options);
  const TensorFile gradients = head.gradients();
  options.backward = false;
  Vector actual, expected;
  for (Parameter& p : head.parameters().all()) {
    const HostTensor& gradient = gradients.tensors.at(p.name);
    for (int64_t i = 0; i < p.shape.size(); i += 1 + p.shape.size() / 29) {
      if (p.name == "albert.embeddings.word_embeddings.weight" && i < config_of().embedding_size)
        continue;  // the padding row has no gradient
      double& x = p.value.as<double>()[i];
      const double at = x, step = 1e-3;
      const auto loss = [&](double by) {
        x = at + by;
        return *head.forward(inputs, labels(), options).loss;
      };
      expected.push_back((8 * (loss(step) - loss(-step)) - (loss(2 * step) - loss(-2 * step))) /
                         (12 * step));
      actual.push_back(gradient.at<double>(i));
      x = at;
    }
  }
  EXPECT_GT(actual.size(), 300U);
  EXPECT_TRUE(close(actual, expected, 1e-7));
}

class BeamSearchPrecisions : public ::testing::TestWithParam<Precision> {};
INSTANTIATE_TEST_SUITE_P(Precisions, BeamSearchPrecisions,
                         ::testing::Values(Precision::kF32, Precision::kF64, Precision::kBF16));

TEST_P(BeamSearchPrecisions, ThreadsRecomputationAndLogitsDoNotChangeABit) {
  const Sequences inputs = questions();
  std::optional<TensorFile> first;
  std::optional<double> first_loss;
  for (const int threads : {1, 2, 5})
    for (const Keep keep : {Keep::kActivations, Keep::kRecompute})
      for (const bool logits : {false, true}) {
        auto head = make({.precision = GetParam(), .backend = {.threads = threads}});
        ForwardOptions options = training_step(logits);
        options.keep = keep;
        const auto out = head.forward(inputs, labels(), options);
        if (!first) first = head.gradients(), first_loss = out.loss;
        EXPECT_EQ(*first_loss, *out.loss) << threads << " threads";
        EXPECT_TRUE(same_bits(*first, head.gradients())) << threads << " threads";
      }
}

TEST_P(BeamSearchPrecisions, ABatchEqualsItsSequencesOneByOne) {
  auto head = make({.precision = GetParam(), .backend = {.threads = 2}});
  const Sequences inputs = questions();
  const auto together = head.forward(inputs);
  for (size_t b = 0; b < kBatch; ++b) {
    const auto alone = head.forward(one_of(inputs, b));
    for (const auto field :
         {&BeamSearchOutput::start_top_log_probs, &BeamSearchOutput::start_top_index,
          &BeamSearchOutput::end_top_log_probs, &BeamSearchOutput::end_top_index,
          &BeamSearchOutput::cls_logits}) {
      const Vector all = doubles(together.*field), mine = doubles(alone.*field);
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(b * mine.size());
      EXPECT_TRUE(std::equal(mine.begin(), mine.end(), begin)) << "sequence " << b;
    }
  }
}

TEST_P(BeamSearchPrecisions, PlannedMemoryIsUsedMemoryToTheByte) {
  for (const bool backward : {false, true}) {
    ForwardOptions step;
    step.backward = backward;
    auto planned = Head::from_config(
        config_of(),
        {.precision = GetParam(), .trainable = true, .backend = {.device = Device::kMeta}});
    planned.set_beam(kBeam);
    auto real = make({.precision = GetParam()});
    planned.forward(questions(), labels(), step);
    real.forward(questions(), labels(), step);
    EXPECT_GT(planned.session().last_peak(), 0U);
    EXPECT_EQ(planned.session().last_peak(), real.session().last_peak());
  }
}

TEST(BeamSearchHead, LossesOfMicroBatchesAddUp) {
  auto whole = make({.precision = Precision::kF64}), parts = make({.precision = Precision::kF64});
  const Sequences inputs = questions();
  ForwardOptions step{.backward = true};
  const double expected = *whole.forward(inputs, labels(), step).loss;
  step.loss.counts = whole.count(inputs, labels());
  EXPECT_EQ(step.loss.counts, Vector{kBatch});
  double sum = 0;
  for (size_t b = 0; b < kBatch; ++b)
    sum += *parts.forward(one_of(inputs, b), labels(b, 1), step).loss;
  EXPECT_NEAR(sum, expected, 1e-12);
  const TensorFile a = whole.gradients(), b = parts.gradients();
  for (const auto& [name, gradient] : a.tensors)
    EXPECT_TRUE(close(doubles(b.tensors.at(name)), doubles(gradient), 1e-11, 1e-3)) << name;
}

TEST(BeamSearchHead, PaddedInputsGiveWhatRaggedOnesDo) {
  auto head = make({});
  const Sequences ragged = questions();
  const int64_t length = ragged.longest() + 2;
  ModelInputs padded;
  for (HostTensor* t : {&padded.input_ids, &padded.token_type_ids, &padded.attention_mask})
    *t = HostTensor(DType::kI64, {kBatch, length});
  for (size_t b = 0; b < kBatch; ++b)
    for (size_t i = 0; i < ragged.input_ids[b].size(); ++i) {
      const size_t at = b * static_cast<size_t>(length) + i;
      padded.input_ids.data<int64_t>()[at] = ragged.input_ids[b][i];
      padded.token_type_ids.data<int64_t>()[at] = ragged.token_type_ids[b][i];
      padded.attention_mask.data<int64_t>()[at] = 1;
    }
  const auto a = head.forward(padded, labels(), training_step(true));
  const TensorFile gradients = head.gradients();
  head.zero_grads();
  const auto b = head.forward(ragged, labels(), training_step(true));
  EXPECT_EQ(*a.loss, *b.loss);
  EXPECT_EQ(doubles(a.end_top_log_probs), doubles(b.end_top_log_probs));
  EXPECT_TRUE(same_bits(gradients, head.gradients()));
}

TEST(BeamSearchHead, RefusesPositionsWhereNoAnswerMayBe) {
  auto head = make({});
  const Sequences one = one_of(questions(), 0);  // a context at 4 to 8, [SEP] at 9
  const auto says = [&](int64_t start, int64_t end) {
    return refusal_of([&] {
      head.forward(one,
                   {HostTensor::of<int64_t>({1}, {start}), HostTensor::of<int64_t>({1}, {end})});
    });
  };
  EXPECT_TRUE(says(2, 5).says(
      "start_positions[0] is 2, wanted [CLS] at 0 or a token of type 1 before the last"));
  EXPECT_TRUE(says(4, 9).says("end_positions[0] is 9, wanted [CLS]"));
  EXPECT_TRUE(says(4, 10).says("end_positions[0] is 10, wanted [CLS]"));
  EXPECT_TRUE(says(-1, 0).says("start_positions[0] is -1, wanted [CLS]"));
  EXPECT_TRUE(refusal_of([&] { head.set_beam({5, 0}); }).says("end_n_top 0: wanted 1 or more"));
}

}  // namespace
}  // namespace albert::testing
