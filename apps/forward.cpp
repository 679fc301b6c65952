#include <filesystem>
#include <memory>
#include <ostream>

#include "albert/base/printable.h"
#include "albert/heads/registry.h"
#include "apps/cli/common.h"
#include "apps/commands.h"
#include "apps/forward_heads.h"

namespace albert::apps {
namespace {

struct ForwardFlags {
  std::string model, head, input, output;
  bool gradients = false, hidden_states = true, attentions = true;
  std::vector<float> class_weights;
  double label_smoothing = 0;
  CommonOptions common;
};

int run(const ForwardFlags& flags, std::ostream& out, std::ostream& err) {
  HeadRequest request{.model = flags.model,
                      .options = flags.common.model(err),
                      .gradients = flags.gradients,
                      .hidden_states = flags.hidden_states,
                      .attentions = flags.attentions,
                      .loss = {flags.class_weights, flags.label_smoothing}};
  request.options.trainable = flags.gradients;
  std::vector<std::string> notes;
  const TensorFile result = run_head(flags.head, request, read_safetensors(flags.input), &notes);
  write_safetensors(flags.output, result);
  if (flags.common.quiet) return 0;
  for (const auto& note : notes) err << "albert: note: " << note << "\n";
  out << flags.output << ": " << result.tensors.size() << " tensors";
  if (const auto loss = result.tensors.find("out.loss"); loss != result.tensors.end())
    out << ", loss " << loss->second.to(DType::kF64).at<double>(0);
  out << "\n";
  return 0;
}

}  // namespace

Runner declare_forward(Command& command) {
  const auto flags = std::make_shared<ForwardFlags>();
  command.required("model", flags->model, "model folder: config.json and model.safetensors");
  command.choice("head", flags->head, head_names(), "which head to run");
  command.required("input", flags->input, "safetensors file with in.input_ids, ..");
  command.required("output", flags->output, "safetensors file to write out.* and grad.* to");
  command.boolean("gradients", flags->gradients, "also write d loss / d parameter");
  command.boolean("hidden_states", flags->hidden_states, "write out.hidden_states.N");
  command.boolean("attentions", flags->attentions, "write out.attentions.N");
  command.list("class_weights", flags->class_weights, "one weight a class, by commas");
  command.option("label_smoothing", flags->label_smoothing, "of a cross-entropy, 0 to 1");
  add_prefix(command, flags->common.prefix);
  add_common(command, flags->common);
  add_weights(command, flags->common.weights);
  return [flags](std::ostream& out, std::ostream& err) {
    if (flags->head.empty())
      fail(ErrorCode::kUsage, "forward needs --head, ", one_of(head_names()));
    return run(*flags, out, err);
  };
}

}  // namespace albert::apps
