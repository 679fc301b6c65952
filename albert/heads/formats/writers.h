#pragma once
// The writers of formats.h, each in a file of its name. Not installed.
#include "albert/heads/formats/formats.h"

namespace albert {

// config.json as transformers has it. "dtype" says what the floats are.
void write_config(const ModelToWrite& model, const std::filesystem::path& folder);

void write_hugging_face(const ModelToWrite& model, const std::filesystem::path& folder,
                        std::vector<std::string>& notes);

void write_torch_folder(const ModelToWrite& model, const std::filesystem::path& folder,
                        std::vector<std::string>& notes);

void write_tensorflow(const ModelToWrite& model, const std::filesystem::path& folder,
                      std::vector<std::string>& notes);

void write_keras(const ModelToWrite& model, const std::filesystem::path& folder,
                 std::vector<std::string>& notes);

void write_onnx(const ModelToWrite& model, const std::filesystem::path& folder,
                std::vector<std::string>& notes);

}  // namespace albert
