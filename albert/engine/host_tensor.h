#pragma once
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "albert/engine/host_view.h"

namespace albert {

// Bytes of a contiguous array; nothing when a dimension is negative or the number of bytes is too
// large for an int64_t.
std::optional<size_t> array_bytes(const std::vector<int64_t>& shape, DType dtype);

// "[2, 3]"
std::string shape_string(const std::vector<int64_t>& shape);

// An owning, contiguous, row-major array in host memory, of any number of dimensions. Users hand in
// and get back such arrays, and files hold them. A default-constructed one is empty().
class HostTensor {
 public:
  HostTensor() = default;
  // An array of zeros. Error(kBadData) for a negative or overflowing size.
  HostTensor(DType dtype, std::vector<int64_t> shape);
  // An array that the caller fills, of any values until then.
  static HostTensor uninitialized(DType dtype, std::vector<int64_t> shape);

  // An array of the given values: HostTensor::of<int64_t>({2, 3}, {1, 2, 3, 4, 5, 6}).
  // Error(kInternal) if they are not as many as the shape has elements.
  template <class T>
  static HostTensor of(std::vector<int64_t> shape, const std::vector<T>& values) {
    HostTensor t(DTypeOf<T>::value, std::move(shape));
    ALBERT_CHECK(static_cast<int64_t>(values.size()) == t.size(), values.size(), " values for ",
                 t.size(), " elements");
    if (!values.empty()) std::memcpy(t.bytes_.data(), values.data(), t.bytes_.size());
    return t;
  }

  DType dtype() const { return dtype_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t dim(int i) const {
    return shape_.at(static_cast<size_t>(i < 0 ? i + static_cast<int>(shape_.size()) : i));
  }
  int64_t size() const { return size_; }  // elements
  bool empty() const { return bytes_.empty(); }
  size_t bytes() const { return bytes_.size(); }
  void* raw() { return bytes_.data(); }
  const void* raw() const { return bytes_.data(); }

  // The elements as T; Error(kInternal) when T is not the dtype.
  template <class T>
  T* data() {
    check_type(DTypeOf<T>::value);
    return reinterpret_cast<T*>(bytes_.data());
  }
  template <class T>
  const T* data() const {
    check_type(DTypeOf<T>::value);
    return reinterpret_cast<const T*>(bytes_.data());
  }
  // Element i of the flattened array.
  template <class T>
  T at(int64_t i) const {
    return data<T>()[i];
  }
  // Row i of the array seen as [rows, cols], cols being its last dimension: the logits of sequence
  // i of [B, labels], or of token s of sequence b of [B, S, V] with i = b * S + s. Error(kInternal)
  // for a row that is not there.
  template <class T>
  std::span<const T> row(int64_t i) const {
    const int64_t cols = shape_.empty() ? 1 : shape_.back();
    ALBERT_CHECK(i >= 0 && cols > 0 && i < size_ / cols, "no row ", i, " in ", shape_string());
    return {data<T>() + i * cols, static_cast<size_t>(cols)};
  }
  // The elements under a shape of equal size, as the tape's operations take them; Error(kInternal)
  // otherwise. Valid while this lives.
  HostView view(Shape as) const { return HostView{raw(), {size_}, dtype_}.reshaped(as); }

  // A copy converted to any other dtype. Floats round once, to nearest even; floats to
  // integers truncate. Error(kBadData) when an integer type cannot hold a value (NaN included).
  HostTensor to(DType dtype) const;
  // A copy under another shape of equal size; Error(kInternal) otherwise.
  HostTensor reshaped(std::vector<int64_t> shape) const;
  std::string shape_string() const { return albert::shape_string(shape_); }

 private:
  // Memory whose bytes are of any value at first, where a vector's are zeros.
  class Bytes {
   public:
    Bytes() = default;
    explicit Bytes(size_t size)
        : data_(size > 0 ? std::make_unique_for_overwrite<std::byte[]>(size) : nullptr),
          size_(size) {}
    Bytes(const Bytes& other) : Bytes(other.size_) {
      if (size_ > 0) std::memcpy(data(), other.data(), size_);
    }
    Bytes(Bytes&& other) noexcept
        : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
    Bytes& operator=(Bytes other) noexcept {
      data_.swap(other.data_);
      std::swap(size_, other.size_);
      return *this;
    }
    std::byte* data() const { return data_.get(); }
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

   private:
    std::unique_ptr<std::byte[]> data_;
    size_t size_ = 0;
  };

  void check_type(DType wanted) const {
    ALBERT_CHECK(dtype_ == wanted, "tensor holds ", dtype_, ", wanted ", wanted);
  }

  DType dtype_ = DType::kF32;
  std::vector<int64_t> shape_;
  int64_t size_ = 0;
  Bytes bytes_;
};

}  // namespace albert
