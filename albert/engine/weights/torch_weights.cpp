#include "albert/engine/weights/torch_weights.h"

#include <algorithm>
#include <bit>

#include "albert/base/printable.h"
#include "albert/engine/weights/torch_layout.h"

namespace albert {
namespace {

static_assert(std::endian::native == std::endian::little, "storages are copied as they are");

TorchLayout read_layout(const InputFile& file) {
  constexpr std::string_view kZip = "PK\x03\x04";
  std::string start(std::min<uint64_t>(file.size(), kZip.size()), '\0');
  file.read_at(0, start.data(), start.size());
  if (start == kZip) return read_torch_archive(file);
  if (is_legacy_torch(file)) return read_legacy_torch(file);
  fail(ErrorCode::kBadData, file.name(), ": byte 0: found ", in_quotes(start),
       ", wanted a file that torch.save wrote");
}

bool is_contiguous(const TorchTensor& tensor) {
  int64_t wanted = 1;
  for (size_t i = tensor.shape.size(); i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != wanted) return false;
    wanted *= tensor.shape[i];
  }
  return true;
}

// Elements from the first to the last of a view that is not empty.
uint64_t span_of(const TorchTensor& tensor) {
  int64_t span = 1;
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    span += (tensor.shape[i] - 1) * tensor.strides[i];
  return static_cast<uint64_t>(span);
}

// Copies a view's elements, whose first one is at `from`, in row-major order.
void gather(const TorchTensor& tensor, size_t element, const std::byte* from,
            std::span<std::byte> to) {
  const auto& shape = tensor.shape;
  std::vector<int64_t> at(shape.size());
  int64_t place = 0;
  for (size_t done = 0; done < to.size(); done += element) {
    std::copy_n(from + static_cast<size_t>(place) * element, element, to.data() + done);
    for (size_t i = shape.size(); i-- > 0;) {
      place += tensor.strides[i];
      if (++at[i] < shape[i]) break;
      place -= shape[i] * tensor.strides[i];
      at[i] = 0;
    }
  }
}

class TorchWeights : public WeightSource {
 public:
  explicit TorchWeights(const std::filesystem::path& path) : file_(path) {
    TorchLayout layout = read_layout(file_);
    views_ = std::move(layout.tensors);
    storages_ = std::move(layout.storages);
    for (const auto& [name, view] : views_)
      tensors_.emplace(name, TensorInfo{storages_[view.storage].dtype, view.shape});
  }

  std::string name() const override { return file_.name(); }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    const TorchTensor& view = views_.at(tensor);
    StorageBytes& storage = storages_[view.storage];
    const size_t element = size_of(storage.dtype);
    if (to.empty()) return;
    if (is_contiguous(view)) return read(storage, view.offset * element, to);
    if (storage.bytes.deflated)
      fail(ErrorCode::kBadData, file_.name(), ": tensor ", in_quotes(tensor),
           ": found a view with strides of a deflated entry, wanted it stored");
    std::vector<std::byte> from(span_of(view) * element);
    read(storage, view.offset * element, from);
    gather(view, element, from.data(), to);
  }
  void check_unchanged() const override { file_.check_unchanged(); }

 private:
  void read(StorageBytes& storage, uint64_t begin, std::span<std::byte> to) const {
    read_zip_entry(file_, storage.name, storage.bytes, begin, to);
    storage.bytes.crc.reset();
  }

  InputFile file_;
  std::map<std::string, TorchTensor> views_;
  std::map<std::string, TensorInfo> tensors_;
  mutable std::vector<StorageBytes> storages_;  // without the CRC once it was checked
};

}  // namespace

std::unique_ptr<const WeightSource> open_torch(const std::filesystem::path& path) {
  return std::make_unique<const TorchWeights>(path);
}

}  // namespace albert
