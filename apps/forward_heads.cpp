#include "apps/forward_heads.h"

#include <set>

#include "albert/base/printable.h"
#include "albert/heads/registry.h"

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
        fail(ErrorCode::kBadData, "head ", head, " has no input ", name, ", wanted ",
             one_of(taken_));
  }

 private:
  const TensorFile& file_;
  std::set<std::string> taken_;
};

ForwardOptions forward_options(const HeadRequest& request) {
  ForwardOptions options;
  options.output_hidden_states = request.hidden_states;
  options.output_attentions = request.attentions;
  options.backward = request.gradients;
  options.loss = request.loss;
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

// The labels that a head takes.
void take(InputTensors& in, ModelUpstreams& upstreams) {
  upstreams = {in.take("upstream.last_hidden_state"), in.take("upstream.pooler_output")};
}
void take(InputTensors& in, PreTrainingLabels& labels) {
  labels = {in.take("labels"), in.take("sentence_order_label")};
}
void take(InputTensors& in, QuestionAnsweringLabels& labels) {
  labels = {in.take("start_positions"), in.take("end_positions")};
}
void take(InputTensors& in, HostTensor& labels) { labels = in.take("labels"); }

// The outputs that only some heads have.
void put_own(TensorFile& out, const BaseModelOutputWithPooling& output) {
  put(out, "last_hidden_state", output.last_hidden_state);
  put(out, "pooler_output", output.pooler_output);
}
void put_own(TensorFile& out, const AlbertForPreTrainingOutput& output) {
  put(out, "prediction_logits", output.prediction_logits);
  put(out, "sop_logits", output.sop_logits);
}
void put_own(TensorFile& out, const QuestionAnsweringModelOutput& output) {
  put(out, "start_logits", output.start_logits);
  put(out, "end_logits", output.end_logits);
}
void put_own(TensorFile& out, const BeamSearchOutput& output) {
  put(out, "start_top_log_probs", output.start_top_log_probs);
  put(out, "start_top_index", output.start_top_index);
  put(out, "end_top_log_probs", output.end_top_log_probs);
  put(out, "end_top_index", output.end_top_index);
  put(out, "cls_logits", output.cls_logits);
}
template <class Output>
void put_own(TensorFile& out, const Output& output) {
  put(out, "logits", output.logits);
}

// What the user should know of a model besides its load report.
void note_on(const AlbertModel& model, std::vector<std::string>* notes) {
  if (!model.has_pooler())
    notes->push_back("the model has no pooler, so out.pooler_output is left out");
}
template <class Head>
void note_on(const Head&, std::vector<std::string>*) {}

template <class Head>
TensorFile run(const std::string& name, const HeadRequest& request, InputTensors& in,
               std::vector<std::string>* notes) {
  auto head = open<Head>(request, notes);
  note_on(head, notes);
  const ModelInputs inputs = in.model_inputs();
  typename Head::LabelsType labels;
  take(in, labels);
  in.check_all_taken(name);
  const auto output = head.forward(inputs, labels, forward_options(request));
  TensorFile out = common(output, head, request);
  put_own(out, output);
  return out;
}

}  // namespace

TensorFile run_head(const std::string& head, const HeadRequest& request, const TensorFile& in,
                    std::vector<std::string>* notes) {
  InputTensors tensors(in);
  return visit_head(head, [&](auto type) {
    return run<typename decltype(type)::type>(head, request, tensors, notes);
  });
}

}  // namespace albert::apps
