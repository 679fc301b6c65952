#pragma once
#include <vector>

#include "albert/kernels/tensor.h"

namespace albert {

// A non-owning, contiguous, row-major view of host memory: ids, labels, lengths. Kernels take
// Tensors, which lie on the device; Tape::on_device() is the only way from one to the other. Empty
// when data is null.
struct HostView {
  const void* data = nullptr;
  Shape shape;
  DType dtype = DType::kF32;

  // The elements of a vector, [n]. The vector must outlive the view and must not grow.
  template <class T>
  static HostView of(const std::vector<T>& values) {
    return {values.data(), {static_cast<int64_t>(values.size())}, DTypeOf<T>::value};
  }

  size_t bytes() const { return static_cast<size_t>(shape.size()) * size_of(dtype); }
  explicit operator bool() const { return data != nullptr; }

  // The elements as T; Error(kInternal) when T is not the dtype.
  template <class T>
  const T* as() const {
    ALBERT_CHECK(!data || dtype == DTypeOf<T>::value, "array ", shape, " holds ", dtype,
                 ", wanted ", DTypeOf<T>::value);
    return static_cast<const T*>(data);
  }
  // Views the elements under another shape of equal size; Error(kInternal) otherwise.
  HostView reshaped(Shape to) const {
    ALBERT_CHECK(to.size() == shape.size(), "cannot view ", shape, " as ", to);
    return {data, to, dtype};
  }
};

}  // namespace albert
