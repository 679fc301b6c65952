#include "albert/engine/weights/albert_zh.h"

#include <algorithm>
#include <cstring>

#include "albert/base/printable.h"

namespace albert {
namespace {

constexpr const char* kWords = "albert.embeddings.word_embeddings.weight";
constexpr const char* kMapping = "albert.encoder.embedding_hidden_mapping_in.weight";
constexpr const char* kMappingBias = "albert.encoder.embedding_hidden_mapping_in.bias";

// words [rows, inner] times projection [inner, cols], with sums in f64.
HostTensor product(const HostTensor& words, const HostTensor& projection) {
  const int64_t rows = words.dim(0), inner = words.dim(1), cols = projection.dim(1);
  HostTensor result(DType::kF32, {rows, cols});
  std::vector<double> sums(static_cast<size_t>(cols));
  for (int64_t row = 0; row < rows; ++row) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (int64_t k = 0; k < inner; ++k) {
      const double word = words.at<float>(row * inner + k);
      const float* from = projection.data<float>() + k * cols;
      for (size_t col = 0; col < sums.size(); ++col) sums[col] += word * from[col];
    }
    float* to = result.data<float>() + row * cols;
    for (size_t col = 0; col < sums.size(); ++col) to[col] = static_cast<float>(sums[col]);
  }
  return result;
}

HostTensor identity(int64_t size) {
  HostTensor result(DType::kF32, {size, size});
  for (int64_t i = 0; i < size; ++i) result.data<float>()[i * size + i] = 1;
  return result;
}

class ProjectedWords final : public WeightSource {
 public:
  explicit ProjectedWords(std::unique_ptr<const WeightSource> weights)
      : weights_(std::move(weights)), tensors_(weights_->tensors()) {
    const auto words = tensors_.find(kWords), projection = tensors_.find(kAlbertZhProjection);
    if (words == tensors_.end()) refuse("no word_embeddings");
    const TensorInfo from = words->second, by = projection->second;
    if (from.shape.size() != 2 || by.shape.size() != 2 || from.shape[1] != by.shape[0] ||
        !is_float(from.dtype))
      refuse("word_embeddings " + shape_string(from.shape) + " and word_embeddings_2 " +
             shape_string(by.shape));
    if (tensors_.contains(kMapping) || tensors_.contains(kMappingBias))
      refuse("embedding_hidden_mapping_in");
    hidden_ = by.shape[1];
    words->second.shape = {from.shape[0], hidden_};
    tensors_.erase(projection);
    tensors_[kMapping] = {from.dtype, {hidden_, hidden_}};
    tensors_[kMappingBias] = {from.dtype, {hidden_}};
  }

  std::string name() const override { return weights_->name(); }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    HostTensor made;
    if (tensor == kWords)
      made = product(weights_->tensor(kWords).to(DType::kF32),
                     weights_->tensor(kAlbertZhProjection).to(DType::kF32));
    else if (tensor == kMapping)
      made = identity(hidden_);
    else if (tensor == kMappingBias)
      made = HostTensor(DType::kF32, {hidden_});
    else
      return weights_->read(tensor, to);
    made = made.to(tensors_.at(tensor).dtype);
    std::memcpy(to.data(), made.raw(), to.size());
  }
  void check_unchanged() const override { weights_->check_unchanged(); }
  std::vector<std::string> notes() const override { return weights_->notes(); }

 private:
  [[noreturn]] void refuse(const std::string& found) const {
    fail(ErrorCode::kBadData, name(), ": found ", found, " beside ", in_quotes(kAlbertZhProjection),
         ", wanted the variables of brightmart's albert_zh");
  }

  std::unique_ptr<const WeightSource> weights_;
  std::map<std::string, TensorInfo> tensors_;
  int64_t hidden_ = 0;
};

}  // namespace

std::unique_ptr<const WeightSource> with_projected_words(
    std::unique_ptr<const WeightSource> weights) {
  return std::make_unique<const ProjectedWords>(std::move(weights));
}

}  // namespace albert
