#include "albert/trainer/tasks/classification/task.h"

#include <algorithm>

#include "albert/base/checksum.h"

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

template <class T>
void append_bytes(std::string& bytes, const std::vector<T>& values) {
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

}  // namespace

int64_t ClassificationExamples::truncated() const {
  return std::count_if(inputs.begin(), inputs.end(), [](const auto& i) { return i.truncated; });
}

ClassificationTask::ClassificationTask(Parts parts, const FinetuningSizes& sizes,
                                       const Communicator& ranks)
    : FinetuningTask(parts.tokenizer, sizes, ranks), parts_(std::move(parts)) {}

std::string ClassificationTask::summary() const {
  return std::to_string(parts_.training.size()) + " examples (" +
         std::to_string(parts_.training.truncated()) + " truncated), " +
         std::to_string(parts_.validation.size()) + " to evaluate, " +
         std::to_string(parts_.model.config().num_labels()) + " labels";
}

std::string ClassificationTask::data_hash() const {
  std::string bytes;
  for (const TokenIds& input : parts_.training.inputs) {
    append_bytes(bytes, input.input_ids);
    append_bytes(bytes, input.token_type_ids);
  }
  append_bytes(bytes, parts_.training.labels);
  return xxh3_128(bytes.data(), bytes.size());
}

// The labelled examples, or the sum of their class weights.
std::vector<double> ClassificationTask::count(Split split, std::span<const size_t> which) const {
  const auto& weights = parts_.loss.class_weights;
  if (weights.empty()) return {static_cast<double>(which.size())};
  double sum = 0;
  for (const size_t i : which)
    sum += static_cast<double>(weights[static_cast<size_t>(of(split).labels[i])]);
  return {sum};
}

Deferred<Metrics> ClassificationTask::start(Split split, std::span<const size_t> which,
                                            ForwardOptions forward) {
  const ClassificationExamples& examples = of(split);
  Sequences inputs;
  std::vector<int64_t> labels;
  double tokens = 0;
  for (const size_t i : which) {
    inputs.input_ids.push_back(examples.inputs[i].input_ids);
    inputs.token_type_ids.push_back(examples.inputs[i].token_type_ids);
    labels.push_back(examples.labels[i]);
    tokens += static_cast<double>(inputs.input_ids.back().size());
  }
  const double divisor = forward.loss.counts.at(0), weight = count(split, which).at(0);
  forward.loss.class_weights = parts_.loss.class_weights;
  forward.loss.label_smoothing = parts_.loss.label_smoothing;
  const auto rows = static_cast<int64_t>(labels.size());
  const auto pending =
      parts_.model.start(std::move(inputs), HostTensor::of<int64_t>({rows}, labels), forward);
  return Deferred<Metrics>([=]() -> Metrics {
    const auto out = pending.get();
    return {{"loss", *out.loss * divisor},
            {"weight", weight},
            {"correct", static_cast<double>(correct_of(out.logits, labels))},
            {"count", static_cast<double>(rows)},
            {"tokens", tokens}};
  });
}

Metrics ClassificationTask::averages(const Metrics& sums) const {
  return {{"loss", sums.at("loss") / sums.at("weight")},
          {"accuracy", sums.at("correct") / sums.at("count")}};
}

}  // namespace albert
