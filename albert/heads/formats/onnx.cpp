// model.onnx: the graph that computes the head, with the weights that its layers share stored once.
#include "albert/heads/formats/onnx_heads.h"
#include "albert/heads/formats/writers.h"

namespace albert {

void write_onnx(const ModelToWrite& model, const std::filesystem::path& folder,
                std::vector<std::string>& notes) {
  OnnxBuilder builder(model);
  build_onnx(builder, model.architecture());
  write_onnx_file(folder / "model.onnx", builder.graph(), *builder.weights());
  write_config(model, folder);
  if (model.config.output_hidden_states || model.config.output_attentions)
    notes.emplace_back(
        "hidden_states and attentions, which the config asks for, are no outputs of the graph");
}

}  // namespace albert
