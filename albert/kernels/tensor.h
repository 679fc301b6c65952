#pragma once
// Shape and Tensor: what kernels take. Shared with CUDA sources: C++17, no third-party headers.
#include <array>
#include <cstdint>
#include <initializer_list>
#include <ostream>

#include "albert/base/error.h"
#include "albert/kernels/dtype.h"

namespace albert {

enum class Device : uint8_t {
  kCpu,
  kCuda,
  kMeta
};  // kMeta: shapes only; a dry run that launches nothing

// Up to four dimensions, stored inline.
class Shape {
 public:
  static constexpr int kMaxRank = 4;

  constexpr Shape() = default;
  constexpr Shape(std::initializer_list<int64_t> dims) {
    for (const int64_t d : dims) dims_[static_cast<size_t>(rank_++)] = d;
  }
  constexpr int rank() const { return rank_; }
  constexpr int64_t operator[](int i) const {
    return dims_[static_cast<size_t>(i < 0 ? i + rank_ : i)];
  }
  constexpr int64_t size() const {
    int64_t n = 1;
    for (int i = 0; i < rank_; ++i) n *= dims_[static_cast<size_t>(i)];
    return n;
  }
  // Product of all dimensions but the last: a [.., cols] tensor seen as rows.
  constexpr int64_t rows() const {
    return rank_ == 0 ? 1
                      : size() / (dims_[static_cast<size_t>(rank_ - 1)]
                                      ? dims_[static_cast<size_t>(rank_ - 1)]
                                      : 1);
  }
  constexpr bool operator==(const Shape& other) const {
    if (rank_ != other.rank_) return false;
    for (int i = 0; i < rank_; ++i)
      if ((*this)[i] != other[i]) return false;
    return true;
  }
  constexpr bool operator!=(const Shape& other) const { return !(*this == other); }
  friend std::ostream& operator<<(std::ostream& out, const Shape& s) {
    out << '[';
    for (int i = 0; i < s.rank_; ++i) out << (i ? ", " : "") << s[i];
    return out << ']';
  }

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

// A non-owning, contiguous, row-major view. Trivially copyable; passed by value. Empty when data is
// null.
struct Tensor {
  void* data = nullptr;
  Shape shape;
  DType dtype = DType::kF32;

  size_t bytes() const { return static_cast<size_t>(shape.size()) * size_of(dtype); }
  explicit operator bool() const { return data != nullptr; }

  template <class T>
  T* as() const {
    ALBERT_CHECK(!data || dtype == DTypeOf<T>::value, "tensor ", shape, " holds ", dtype,
                 ", wanted ", DTypeOf<T>::value);
    return static_cast<T*>(data);
  }
  // The same elements under another shape of equal size.
  Tensor reshaped(Shape to) const {
    ALBERT_CHECK(to.size() == shape.size(), "cannot view ", shape, " as ", to);
    return {data, to, dtype};
  }
  // Rows [begin, begin + count) of [rows, cols]; of an empty tensor, an empty one.
  Tensor rows(int64_t begin, int64_t count) const {
    if (!data) return {};
    ALBERT_CHECK(shape.rank() == 2 && begin >= 0 && count >= 0 && begin + count <= shape[0],
                 "no rows ", begin, " to ", begin + count, " in ", shape);
    const auto skipped = static_cast<size_t>(begin * shape[1]) * size_of(dtype);
    return {static_cast<std::byte*>(data) + skipped, {count, shape[1]}, dtype};
  }
};

}  // namespace albert
