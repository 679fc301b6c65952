#include "apps/forward_heads.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "albert/albert.h"

namespace albert::apps {
namespace {

// The in.* tensors, each to be taken by name; what nobody took is an error.
class InputTensors {
 public:
  explicit InputTensors(const TensorFile& file) : file_(file) {}

  HostTensor take(const std::string& name) {
    taken_.insert("in." + name);
    const auto at = file_.tensors.find("in." + name);
    return at == file_.tensors.end() ? HostTensor() : at->second;
  }
  ModelInputs model_inputs() {
    return {take("input_ids"), take("attention_mask"), take("token_type_ids"), take("position_ids"),
            take("inputs_embeds")};
  }
  void check_all_taken(const std::string& head) const {
    for (const auto& [name, tensor] : file_.tensors)
      if (name.rfind("in.", 0) == 0 && !taken_.count(name))
        fail(ErrorCode::kBadData, "head ", head, " has no input ", name, "; it takes ", names());
  }

 private:
  std::string names() const {
    std::string list;
    for (const auto& name : taken_) list += (list.empty() ? "" : ", ") + name;
    return list;
  }
  const TensorFile& file_;
  std::set<std::string> taken_;
};

ForwardOptions forward_options(const HeadRequest& request) {
  ForwardOptions options;
  options.output_hidden_states = request.hidden_states;
  options.output_attentions = request.attentions;
  options.backward = request.gradients;
  return options;
}

void put(TensorFile& out, const std::string& name, const HostTensor& tensor) {
  if (!tensor.shape().empty()) out.tensors.emplace("out." + name, tensor);
}

// The fields every output has, and the gradients.
TensorFile common(const ModelOutput& output, const AlbertPreTrainedModel& model,
                  const HeadRequest& request) {
  TensorFile out;
  const DType type = master_dtype(request.options.precision);
  if (output.loss) put(out, "loss", HostTensor::of<double>({1}, {*output.loss}).to(type));
  for (size_t i = 0; i < output.hidden_states.size(); ++i)
    put(out, "hidden_states." + std::to_string(i), output.hidden_states[i]);
  for (size_t i = 0; i < output.attentions.size(); ++i)
    put(out, "attentions." + std::to_string(i), output.attentions[i]);
  if (!request.gradients) return out;
  for (auto& [name, gradient] : model.gradients().tensors)
    out.tensors.emplace("grad." + name, gradient);
  if (!output.inputs_embeds_gradient.empty())
    out.tensors.emplace("grad.inputs_embeds", output.inputs_embeds_gradient);
  return out;
}

template <class Head>
Head open(const HeadRequest& request, std::vector<std::string>* notes) {
  Head head = Head::from_pretrained(request.model, request.options);
  const LoadReport& report = head.load_report();
  for (const auto& name : report.unexpected) notes->push_back("not used by this head: " + name);
  notes->insert(notes->end(), report.warnings.begin(), report.warnings.end());
  return head;
}

using Notes = std::vector<std::string>;

TensorFile run_model(const HeadRequest& request, InputTensors& in, Notes* notes) {
  auto head = open<AlbertModel>(request, notes);
  const ModelInputs inputs = in.model_inputs();
  const ModelUpstreams upstreams{in.take("upstream.last_hidden_state"),
                                 in.take("upstream.pooler_output")};
  in.check_all_taken("model");
  const auto output = head.forward(inputs, upstreams, forward_options(request));
  TensorFile out = common(output, head, request);
  put(out, "last_hidden_state", output.last_hidden_state);
  put(out, "pooler_output", output.pooler_output);
  return out;
}

TensorFile run_pretraining(const HeadRequest& request, InputTensors& in, Notes* notes) {
  auto head = open<AlbertForPreTraining>(request, notes);
  const ModelInputs inputs = in.model_inputs();
  const PreTrainingLabels labels{in.take("labels"), in.take("sentence_order_label")};
  in.check_all_taken("pretraining");
  const auto output = head.forward(inputs, labels, forward_options(request));
  TensorFile out = common(output, head, request);
  put(out, "prediction_logits", output.prediction_logits);
  put(out, "sop_logits", output.sop_logits);
  return out;
}

TensorFile run_masked_lm(const HeadRequest& request, InputTensors& in, Notes* notes) {
  auto head = open<AlbertForMaskedLM>(request, notes);
  const ModelInputs inputs = in.model_inputs();
  const HostTensor labels = in.take("labels");
  in.check_all_taken("masked-lm");
  const auto output = head.forward(inputs, labels, forward_options(request));
  TensorFile out = common(output, head, request);
  put(out, "logits", output.logits);
  return out;
}

// The heads whose one output is `logits` and whose loss takes weights.
template <class Head>
TensorFile run_classifier(const char* name, const HeadRequest& request, InputTensors& in,
                          Notes* notes) {
  auto head = open<Head>(request, notes);
  const ModelInputs inputs = in.model_inputs();
  const HostTensor labels = in.take("labels");
  in.check_all_taken(name);
  const auto output = head.forward(inputs, labels, request.loss, forward_options(request));
  TensorFile out = common(output, head, request);
  put(out, "logits", output.logits);
  return out;
}

TensorFile run_question_answering(const HeadRequest& request, InputTensors& in, Notes* notes) {
  auto head = open<AlbertForQuestionAnswering>(request, notes);
  const ModelInputs inputs = in.model_inputs();
  const QuestionAnsweringLabels labels{in.take("start_positions"), in.take("end_positions")};
  in.check_all_taken("question-answering");
  const auto output = head.forward(inputs, labels, forward_options(request));
  TensorFile out = common(output, head, request);
  put(out, "start_logits", output.start_logits);
  put(out, "end_logits", output.end_logits);
  return out;
}

using HeadFunction = std::function<TensorFile(const HeadRequest&, InputTensors&, Notes*)>;

const std::map<std::string, HeadFunction>& heads() {
  using namespace std::placeholders;
  static const std::map<std::string, HeadFunction> table = {
      {"model", run_model},
      {"pretraining", run_pretraining},
      {"masked-lm", run_masked_lm},
      {"sequence-classification", std::bind(run_classifier<AlbertForSequenceClassification>,
                                            "sequence-classification", _1, _2, _3)},
      {"multiple-choice",
       std::bind(run_classifier<AlbertForMultipleChoice>, "multiple-choice", _1, _2, _3)},
      {"token-classification",
       std::bind(run_classifier<AlbertForTokenClassification>, "token-classification", _1, _2, _3)},
      {"question-answering", run_question_answering}};
  return table;
}

}  // namespace

std::vector<std::string> head_names() {
  std::vector<std::string> names;
  for (const auto& [name, function] : heads()) names.push_back(name);
  return names;
}

TensorFile run_head(const std::string& head, const HeadRequest& request, const TensorFile& in,
                    Notes* notes) {
  const auto at = heads().find(head);
  ALBERT_CHECK(at != heads().end(), "head ", head);
  InputTensors tensors(in);
  return at->second(request, tensors, notes);
}

}  // namespace albert::apps
