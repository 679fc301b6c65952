#include "albert/heads/formats/formats.h"

#include <algorithm>
#include <array>

#include "albert/base/printable.h"
#include "albert/heads/formats/writers.h"

namespace albert {
namespace {

constexpr std::array kFormats{
    ModelFormat{"hf", "model.safetensors, for transformers", write_hugging_face, true},
    ModelFormat{"bin", "pytorch_model.bin, for older versions of it", write_torch_folder, true},
    ModelFormat{"tf", "a TensorFlow checkpoint, for Google's code", write_tensorflow, true},
    ModelFormat{"h5", "tf_model.h5, for the TFAlbert* classes", write_keras, true},
    ModelFormat{"onnx", "model.onnx, for onnxruntime and what else runs ONNX", write_onnx, false}};

}  // namespace

std::span<const ModelFormat> model_formats() { return kFormats; }

const ModelFormat& model_format(const std::string& name) {
  std::vector<std::string> names;
  for (const ModelFormat& format : kFormats) {
    if (format.name == name) return format;
    names.emplace_back(format.name);
  }
  fail(ErrorCode::kUsage, "found no format ", in_quotes(name), ", wanted ", one_of(names));
}

}  // namespace albert
