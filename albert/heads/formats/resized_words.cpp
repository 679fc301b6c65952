#include "albert/heads/formats/resized_words.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "albert/base/error.h"

namespace albert {
namespace {

constexpr std::array kOfWords{"embeddings.word_embeddings.weight", "predictions.bias",
                              "predictions.decoder.weight", "predictions.decoder.bias"};

bool is_of_words(const std::string& name) {
  return std::any_of(kOfWords.begin(), kOfWords.end(),
                     [&](const char* ending) { return name.ends_with(ending); });
}

// The mean of all rows of a table, as one row of its type.
HostTensor mean_row(const HostTensor& table) {
  const int64_t rows = table.dim(0), cols = rows > 0 ? table.size() / rows : 0;
  const HostTensor values = table.to(DType::kF32);
  std::vector<double> sums(static_cast<size_t>(cols));
  for (int64_t row = 0; row < rows; ++row)
    for (size_t col = 0; col < sums.size(); ++col)
      sums[col] += values.at<float>(row * cols + static_cast<int64_t>(col));
  HostTensor mean(DType::kF32, {cols});
  for (int64_t col = 0; col < cols; ++col)
    mean.data<float>()[col] =
        static_cast<float>(sums[static_cast<size_t>(col)] / static_cast<double>(rows));
  return mean.to(table.dtype());
}

class ResizedWords final : public WeightSource {
 public:
  ResizedWords(std::shared_ptr<const WeightSource> weights, int64_t rows)
      : weights_(std::move(weights)), tensors_(weights_->tensors()) {
    for (auto& [name, info] : tensors_) {
      if (!is_of_words(name) || info.shape.empty()) continue;
      if (info.shape[0] > rows)
        fail(ErrorCode::kMismatch, weights_->name(), ": ", name, ": found ", info.shape[0],
             " rows, wanted at most ", rows, ", as many as the tokenizer has pieces");
      info.shape[0] = rows;
    }
  }
  std::string name() const override { return weights_->name(); }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    const auto& old = weights_->tensors().at(tensor).shape;
    if (old == tensors_.at(tensor).shape) return weights_->read(tensor, to);
    const HostTensor table = weights_->tensor(tensor), row = mean_row(table);
    std::memcpy(to.data(), table.raw(), table.bytes());
    for (size_t at = table.bytes(); at < to.size(); at += row.bytes())
      std::memcpy(to.data() + at, row.raw(), row.bytes());
  }
  void check_unchanged() const override { weights_->check_unchanged(); }
  std::vector<std::string> notes() const override { return weights_->notes(); }

 private:
  std::shared_ptr<const WeightSource> weights_;
  std::map<std::string, TensorInfo> tensors_;
};

}  // namespace

std::shared_ptr<const WeightSource> with_resized_words(std::shared_ptr<const WeightSource> weights,
                                                       int64_t rows) {
  return std::make_shared<const ResizedWords>(std::move(weights), rows);
}

}  // namespace albert
