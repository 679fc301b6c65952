#include "albert/base/atomic_file.h"
#include "albert/engine/weights/model_folder.h"
#include "albert/engine/weights/safetensors_layout.h"
#include "albert/heads/formats/writers.h"

namespace albert {

void write_config(const ModelToWrite& model, const std::filesystem::path& folder) {
  const DType dtype = model.weights->tensors().begin()->second.dtype;
  write_file_atomically(folder / "config.json", with_dtype(model.config.to_json(), dtype));
}

void write_hugging_face(const ModelToWrite& model, const std::filesystem::path& folder,
                        std::vector<std::string>& /*notes*/) {
  write_safetensors(folder / "model.safetensors", *model.weights, {{"format", "pt"}});
  write_config(model, folder);
}

}  // namespace albert
