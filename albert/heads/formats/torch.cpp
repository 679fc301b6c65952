#include "albert/engine/weights/torch_writer.h"
#include "albert/heads/formats/writers.h"

namespace albert {

// Older versions of transformers look for both names of what the head shares with the embeddings.
void write_torch_folder(const ModelToWrite& model, const std::filesystem::path& folder,
                        std::vector<std::string>& /*notes*/) {
  std::map<std::string, std::string> copies;
  if (model.config.tie_word_embeddings && model.weights->tensors().contains("predictions.bias"))
    copies = {{"predictions.decoder.weight", "albert.embeddings.word_embeddings.weight"},
              {"predictions.decoder.bias", "predictions.bias"}};
  write_torch(folder / "pytorch_model.bin", *model.weights, copies);
  write_config(model, folder);
}

}  // namespace albert
