#include "albert/engine/weights/renamed_weights.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace albert {
namespace {

// Writes the transpose of from [rows, cols] to `to` [cols, rows], in squares that fit the cache.
// Each is turned in a buffer of its own: rows a power of two apart would drive each other out.
template <class Item>
void transpose(const std::byte* from, std::byte* to, size_t rows, size_t cols) {
  constexpr size_t kSide = 32;
  std::array<std::array<Item, kSide>, kSide> square{}, turned{};
  for (size_t top = 0; top < rows; top += kSide)
    for (size_t left = 0; left < cols; left += kSide) {
      const size_t height = std::min(rows - top, kSide), width = std::min(cols - left, kSide);
      for (size_t i = 0; i < height; ++i)
        std::memcpy(square[i].data(), from + ((top + i) * cols + left) * sizeof(Item),
                    width * sizeof(Item));
      for (size_t i = 0; i < height; ++i)
        for (size_t j = 0; j < width; ++j) turned[j][i] = square[i][j];
      for (size_t j = 0; j < width; ++j)
        std::memcpy(to + ((left + j) * rows + top) * sizeof(Item), turned[j].data(),
                    height * sizeof(Item));
    }
}

void transpose_items(const std::byte* from, std::byte* to, size_t rows, size_t cols, size_t item) {
  switch (item) {
    case 1: return transpose<uint8_t>(from, to, rows, cols);
    case 2: return transpose<uint16_t>(from, to, rows, cols);
    case 4: return transpose<uint32_t>(from, to, rows, cols);
    default: return transpose<uint64_t>(from, to, rows, cols);
  }
}

class RenamedWeights final : public WeightSource {
 public:
  RenamedWeights(std::shared_ptr<const WeightSource> weights, TensorSources sources)
      : weights_(std::move(weights)), sources_(std::move(sources)) {
    for (const auto& [name, origin] : sources_) {
      TensorInfo info = weights_->tensors().at(origin.name);
      if (origin.transposed) std::swap(info.shape.at(0), info.shape.at(1));
      tensors_.emplace(name, std::move(info));
    }
  }
  std::string name() const override { return weights_->name(); }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    const TensorOrigin& origin = sources_.at(tensor);
    if (!origin.transposed || to.empty()) return weights_->read(origin.name, to);
    const HostTensor kernel = weights_->tensor(origin.name);
    transpose_items(static_cast<const std::byte*>(kernel.raw()), to.data(),
                    static_cast<size_t>(kernel.dim(0)), static_cast<size_t>(kernel.dim(1)),
                    size_of(kernel.dtype()));
  }
  void check_unchanged() const override { weights_->check_unchanged(); }
  std::vector<std::string> notes() const override { return weights_->notes(); }

 private:
  std::shared_ptr<const WeightSource> weights_;
  TensorSources sources_;
  std::map<std::string, TensorInfo> tensors_;
};

}  // namespace

std::unique_ptr<const WeightSource> renamed(std::shared_ptr<const WeightSource> weights,
                                            TensorSources sources) {
  return std::make_unique<const RenamedWeights>(std::move(weights), std::move(sources));
}

}  // namespace albert
