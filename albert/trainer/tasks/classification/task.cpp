#include "albert/trainer/tasks/classification/task.h"

#include <algorithm>
#include <cmath>

#include "albert/base/error.h"
#include "albert/trainer/data/random.h"
#include "albert/trainer/loop/training_loop.h"
#include "albert/trainer/tasks/pretraining_task.h"

namespace albert {
namespace {

int64_t correct_of(const HostTensor& logits, const std::vector<int64_t>& labels) {
  const HostTensor wide = logits.to(DType::kF64);
  int64_t correct = 0;
  for (size_t b = 0; b < labels.size(); ++b) {
    const auto row = wide.row<double>(static_cast<int64_t>(b));
    correct += std::max_element(row.begin(), row.end()) - row.begin() == labels[b];
  }
  return correct;
}

}  // namespace

ClassificationExamples encode_examples(
    const std::string& file, const std::vector<TextExample>& examples,
    const std::vector<std::pair<std::string, std::string>>& labels, const Tokenizer& tokenizer,
    int64_t max_seq_length) {
  ClassificationExamples encoded;
  encoded.labels = label_ids(file, examples, labels);
  const EncodeOptions whole,
      cut{.truncation = Truncation::kLongestFirst, .max_length = max_seq_length};
  const auto encode = [&](const TextExample& e, const EncodeOptions& options) {
    return e.pair ? tokenizer.encode(e.text, *e.pair, options) : tokenizer.encode(e.text, options);
  };
  for (size_t i = 0; i < examples.size(); ++i) {
    Encoding e = encode(examples[i], whole);
    if (static_cast<int64_t>(e.input_ids.size()) > max_seq_length) {
      e = encode(examples[i], cut);
      ++encoded.truncated;
    }
    encoded.input_ids.push_back(std::move(e.input_ids));
    encoded.token_type_ids.push_back(std::move(e.token_type_ids));
  }
  return encoded;
}

ClassificationTask::ClassificationTask(AlbertForSequenceClassification& model,
                                       const Tokenizer& tokenizer,
                                       const ClassificationExamples& training,
                                       const ClassificationExamples& validation,
                                       const ClassificationTaskOptions& options,
                                       const Communicator& ranks)
    : model_(model),
      tokenizer_(tokenizer),
      training_(training),
      validation_(validation),
      options_(options),
      ranks_(ranks),
      micro_batch_(micro_batch_size(options.batch_size, options.accumulation, ranks)) {}

Deferred<Metrics> ClassificationTask::start(const ClassificationExamples& examples,
                                            const std::vector<int64_t>& which,
                                            ForwardOptions forward, double count) {
  Sequences inputs;
  std::vector<int64_t> labels;
  double tokens = 0;
  for (const int64_t i : which) {
    const auto at = static_cast<size_t>(i);
    inputs.input_ids.push_back(examples.input_ids[at]);
    inputs.token_type_ids.push_back(examples.token_type_ids[at]);
    labels.push_back(examples.labels[at]);
    tokens += static_cast<double>(inputs.input_ids.back().size());
  }
  forward.loss = options_.loss;
  forward.loss.counts = {count};
  const auto rows = static_cast<int64_t>(labels.size());
  const auto pending = model_.start(inputs, HostTensor::of<int64_t>({rows}, labels), forward);
  return Deferred<Metrics>([=]() -> Metrics {
    const auto out = pending.get();
    return {{"loss", *out.loss * count},
            {"correct", static_cast<double>(correct_of(out.logits, labels))},
            {"count", static_cast<double>(rows)},
            {"tokens", tokens}};
  });
}

std::vector<double> ClassificationTask::counts(int64_t) {
  return {static_cast<double>(micro_batch_ * options_.accumulation)};
}

Deferred<Metrics> ClassificationTask::accumulate(int64_t step, std::span<const double> counts,
                                                 Tensor loss_scale) {
  const int64_t n = training_.size();
  std::vector<Deferred<Metrics>> sums;
  for (int64_t m = 0; m < options_.accumulation; ++m) {
    const int64_t part = m * ranks_.size() + ranks_.rank();
    std::vector<int64_t> which;
    for (int64_t i = 0; i < micro_batch_; ++i) {
      const int64_t position = step * options_.batch_size + part * micro_batch_ + i;
      const Permutation order(static_cast<uint64_t>(n), options_.seed,
                              static_cast<uint64_t>(position / n));
      which.push_back(static_cast<int64_t>(order(static_cast<uint64_t>(position % n))));
    }
    ForwardOptions forward{.backward = true, .keep = options_.keep, .loss_scale = loss_scale};
    forward.dropout = {
        .active = true,
        .seed = options_.seed,
        .step = static_cast<uint64_t>((step * options_.accumulation) * ranks_.size() + part)};
    sums.push_back(start(training_, which, forward, counts[0]));
  }
  return sum_of(std::move(sums));
}

Metrics ClassificationTask::averages(const Metrics& sums) const {
  const double count = sums.at("count");
  return {{"loss", sums.at("loss") / count}, {"accuracy", sums.at("correct") / count}};
}

Metrics ClassificationTask::evaluate() {
  Metrics sums;
  for (int64_t at = 0; at < validation_.size(); at += options_.eval_batch_size) {
    std::vector<int64_t> which;
    for (int64_t i = at; i < std::min(validation_.size(), at + options_.eval_batch_size); ++i)
      which.push_back(i);
    sums.add(start(validation_, which, {}, static_cast<double>(which.size())).get());
  }
  return averages(sums);
}

void ClassificationTask::save_extras(const std::filesystem::path& folder) const {
  save_tokenizer(tokenizer_, folder);
}

}  // namespace albert
