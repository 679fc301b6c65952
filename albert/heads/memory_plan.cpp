#include "albert/heads/memory_plan.h"

#include "albert/heads/registry.h"

namespace albert {
namespace {

constexpr int64_t kMaskedEvery = 7;  // about 15 %

HostTensor zeros(DType type, std::vector<int64_t> shape) { return {type, std::move(shape)}; }

HostTensor masked_labels(const StepShape& s) {
  HostTensor labels(DType::kI64, {s.batch, s.length});
  for (int64_t i = 0; i < labels.size(); ++i)
    labels.data<int64_t>()[i] = i % kMaskedEvery == 0 ? 0 : kernels::kIgnoredLabel;
  return labels;
}

// Every label that a head takes, for a batch of this shape.
ModelUpstreams labels_for(const AlbertModel& m, const StepShape& s) {
  const int64_t hidden = m.config().hidden_size;
  return {zeros(DType::kF32, {s.batch, s.length, hidden}),
          m.has_pooler() ? zeros(DType::kF32, {s.batch, hidden}) : HostTensor()};
}
PreTrainingLabels labels_for(const AlbertForPreTraining&, const StepShape& s) {
  return {masked_labels(s), zeros(DType::kI32, {s.batch})};
}
HostTensor labels_for(const AlbertForMaskedLM&, const StepShape& s) { return masked_labels(s); }
HostTensor labels_for(const AlbertForSequenceClassification& m, const StepShape& s) {
  const bool classes =
      m.config().num_labels() > 1 && m.config().problem_type.find("multi") == std::string::npos;
  return classes ? zeros(DType::kI32, {s.batch})
                 : zeros(DType::kF32, {s.batch, m.config().num_labels()});
}
HostTensor labels_for(const AlbertForMultipleChoice&, const StepShape& s) {
  return zeros(DType::kI32, {s.batch});
}
HostTensor labels_for(const AlbertForTokenClassification&, const StepShape& s) {
  return zeros(DType::kI32, {s.batch, s.length});
}
QuestionAnsweringLabels labels_for(const AlbertForQuestionAnswering&, const StepShape& s) {
  return {zeros(DType::kI32, {s.batch}), zeros(DType::kI32, {s.batch})};
}
QuestionAnsweringLabels labels_for(const AlbertForQuestionAnsweringBeamSearch&,
                                   const StepShape& s) {
  return {zeros(DType::kI32, {s.batch}), zeros(DType::kI32, {s.batch})};
}

// Of the second type, where there is one: some heads compute more for its tokens.
Sequences sequences_for(const AlbertConfig& config, const StepShape& s) {
  const auto batch = static_cast<size_t>(s.batch), length = static_cast<size_t>(s.length);
  const int32_t type = config.type_vocab_size > 1 ? 1 : 0;
  return {std::vector(batch, std::vector<int32_t>(length)),
          std::vector(batch, std::vector<int32_t>(length, type))};
}

template <class Head>
Head head_of(const AlbertConfig& config, const WeightSource* weights) {
  return weights ? Head::fitting(config, *weights) : Head(config);
}

template <class Head>
MemoryPlan plan_of(const AlbertConfig& config, const StepShape& s, const WeightSource* weights) {
  Head head = head_of<Head>(config, weights);
  const WeightFormat format = s.training ? WeightFormat::kFull : s.weights;
  head.initialize({.precision = s.precision,
                   .weights = format,
                   .trainable = s.training,
                   .backend = {.device = Device::kMeta}});
  using Labels = decltype(labels_for(head, s));
  head.forward(sequences_for(config, s), s.training ? labels_for(head, s) : Labels{},
               {.logits = !s.training, .backward = s.training, .keep = s.keep});
  MemoryPlan plan;
  plan.parameters = head.parameters().count();
  plan.bytes = head.parameters().bytes(head.session().stream(), s.precision, s.training, format);
  plan.moments = s.training ? 2 * plan.bytes.values : 0;
  plan.arena = head.session().last_peak();
  return plan;
}

}  // namespace

MemoryPlan plan_memory(const std::string& architecture, const AlbertConfig& config,
                       const StepShape& shape, const WeightSource* weights) {
  return visit_head(architecture, [&](auto head) {
    return plan_of<typename decltype(head)::type>(config, shape, weights);
  });
}

std::vector<std::pair<std::string, Shape>> expected_tensors(const std::string& architecture,
                                                            const AlbertConfig& config,
                                                            const WeightSource* weights) {
  std::vector<std::pair<std::string, Shape>> list;
  visit_head(architecture, [&](auto type) {
    const auto head = head_of<typename decltype(type)::type>(config, weights);
    for (const Parameter& p : head.parameters().all()) list.emplace_back(p.name, p.shape);
  });
  return list;
}

}  // namespace albert
