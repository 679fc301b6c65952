#pragma once
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "albert/kernels/tensor.h"

namespace albert {

// Bytes of a contiguous array; nothing when a dimension is negative or the matmul does not fit in
// memory.
std::optional<size_t> array_bytes(const std::vector<int64_t>& shape, DType dtype);

// "[2, 3]"
std::string shape_string(const std::vector<int64_t>& shape);

// An owning, contiguous, row-major array in host memory: what users hand in and get back, and what
// files hold. Any number of dimensions; empty() when default-made.
class HostTensor {
 public:
  HostTensor() = default;
  HostTensor(
      DType dtype,
      std::vector<int64_t> shape);  // zeroed; Error(kBadData) on a negative or overflowing size

  // From values: HostTensor::of<int64_t>({2, 3}, {1, 2, 3, 4, 5, 6}). Error(kInternal) when the
  // count differs.
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
    ALBERT_CHECK(dtype_ == DTypeOf<T>::value, "tensor holds ", dtype_, ", wanted ",
                 DTypeOf<T>::value);
    return reinterpret_cast<T*>(bytes_.data());
  }
  template <class T>
  const T* data() const {
    return const_cast<HostTensor*>(this)->data<T>();
  }
  template <class T>
  T at(int64_t i) const {
    return data<T>()[i];
  }

  // A converted copy, any dtype into any other. Floats round once, to nearest even; floats to
  // integers truncate. Error(kBadData) when an integer type cannot hold a value (NaN included).
  HostTensor to(DType dtype) const;
  // The same elements under another shape of equal size; Error(kInternal) otherwise.
  HostTensor reshaped(std::vector<int64_t> shape) const {
    HostTensor t = *this;
    t.shape_ = std::move(shape);
    int64_t size = 1;
    for (const int64_t d : t.shape_) size *= d;
    ALBERT_CHECK(size == size_, "cannot view ", shape_string(), " as ", t.shape_string());
    return t;
  }
  std::string shape_string() const { return albert::shape_string(shape_); }

 private:
  DType dtype_ = DType::kF32;
  std::vector<int64_t> shape_;
  int64_t size_ = 0;
  std::vector<std::byte> bytes_;
};

}  // namespace albert
