#include "apps/plan.h"

#include <functional>
#include <map>

#include "albert/albert.h"

namespace albert::apps {
namespace {

constexpr int64_t kMaskedEvery = 7;  // about 15 %

HostTensor zeros(DType type, std::vector<int64_t> shape) { return {type, std::move(shape)}; }

ModelInputs inputs_for(const StepShape& s) {
  ModelInputs in;
  in.input_ids = zeros(DType::kI32, {s.batch, s.length});
  return in;
}

HostTensor masked_labels(const StepShape& s) {
  std::vector<int64_t> labels(static_cast<size_t>(s.batch * s.length), kernels::kIgnoredLabel);
  for (size_t i = 0; i < labels.size(); i += kMaskedEvery) labels[i] = 0;
  return HostTensor::of<int64_t>({s.batch, s.length}, labels);
}

ForwardOptions options_for(const StepShape& s) {
  ForwardOptions options;
  options.logits = options.logits && !s.training;
  options.backward = s.training;
  options.keep = s.keep;
  return options;
}

// Each head's step, with labels when training.
void step(AlbertModel& m, const StepShape& s) {
  const ModelUpstreams none, all{zeros(DType::kF32, {s.batch, s.length, m.config().hidden_size}),
                                 zeros(DType::kF32, {s.batch, m.config().hidden_size})};
  m.forward(inputs_for(s), s.training ? all : none, options_for(s));
}
void step(AlbertForPreTraining& m, const StepShape& s) {
  m.forward(inputs_for(s),
            s.training ? PreTrainingLabels{masked_labels(s), zeros(DType::kI32, {s.batch})}
                       : PreTrainingLabels{},
            options_for(s));
}
void step(AlbertForMaskedLM& m, const StepShape& s) {
  m.forward(inputs_for(s), s.training ? masked_labels(s) : HostTensor(), options_for(s));
}
void step(AlbertForSequenceClassification& m, const StepShape& s) {
  const bool classes =
      m.config().num_labels() > 1 && m.config().problem_type.find("multi") == std::string::npos;
  const HostTensor labels = classes ? zeros(DType::kI32, {s.batch})
                                    : zeros(DType::kF32, {s.batch, m.config().num_labels()});
  m.forward(inputs_for(s), s.training ? labels : HostTensor(), {}, options_for(s));
}
void step(AlbertForMultipleChoice& m, const StepShape& s) {
  ModelInputs in;
  in.input_ids = zeros(DType::kI32, {s.batch, 1, s.length});
  m.forward(in, s.training ? zeros(DType::kI32, {s.batch}) : HostTensor(), {}, options_for(s));
}
void step(AlbertForTokenClassification& m, const StepShape& s) {
  m.forward(inputs_for(s), s.training ? zeros(DType::kI32, {s.batch, s.length}) : HostTensor(), {},
            options_for(s));
}
void step(AlbertForQuestionAnswering& m, const StepShape& s) {
  const HostTensor first = zeros(DType::kI32, {s.batch});
  m.forward(inputs_for(s),
            s.training ? QuestionAnsweringLabels{first, first} : QuestionAnsweringLabels{},
            options_for(s));
}

struct Planner {
  std::function<StepPlan(const AlbertConfig&, const StepShape&)> plan;
  std::function<std::vector<std::pair<std::string, Shape>>(const AlbertConfig&)> tensors;
};

template <class Head>
Planner planner() {
  const auto plan = [](const AlbertConfig& config, const StepShape& shape) {
    Head head = Head::from_config(
        config,
        {.precision = shape.precision, .trainable = shape.training, .device = Device::kMeta});
    step(head, shape);
    StepPlan result;
    result.parameters = head.parameters().count();
    result.bytes =
        head.parameters().bytes(head.session().stream(), shape.precision, shape.training);
    result.moments = shape.training ? 2 * result.bytes.values : 0;
    result.arena = head.session().last_peak();
    return result;
  };
  const auto tensors = [](const AlbertConfig& config) {
    std::vector<std::pair<std::string, Shape>> list;
    const Head head(config);
    for (const Parameter& p : head.parameters().all()) list.emplace_back(p.name, p.shape);
    return list;
  };
  return {plan, tensors};
}

const std::map<std::string, Planner>& planners() {
  static const std::map<std::string, Planner> table = {
      {"AlbertModel", planner<AlbertModel>()},
      {"AlbertForPreTraining", planner<AlbertForPreTraining>()},
      {"AlbertForMaskedLM", planner<AlbertForMaskedLM>()},
      {"AlbertForSequenceClassification", planner<AlbertForSequenceClassification>()},
      {"AlbertForMultipleChoice", planner<AlbertForMultipleChoice>()},
      {"AlbertForTokenClassification", planner<AlbertForTokenClassification>()},
      {"AlbertForQuestionAnswering", planner<AlbertForQuestionAnswering>()}};
  return table;
}

const Planner& planner_of(const std::string& architecture) {
  const auto at = planners().find(architecture);
  if (at != planners().end()) return at->second;
  std::string known;
  for (const auto& name : architectures()) known += (known.empty() ? "" : ", ") + name;
  fail(ErrorCode::kBadData, "unknown architecture ", architecture, "; known: ", known);
}

}  // namespace

std::vector<std::string> architectures() {
  std::vector<std::string> names;
  for (const auto& [name, planner] : planners()) names.push_back(name);
  return names;
}

StepPlan plan_step(const std::string& architecture, const AlbertConfig& config,
                   const StepShape& shape) {
  return planner_of(architecture).plan(config, shape);
}

std::vector<std::pair<std::string, Shape>> expected_tensors(const std::string& architecture,
                                                            const AlbertConfig& config) {
  return planner_of(architecture).tensors(config);
}

}  // namespace albert::apps
