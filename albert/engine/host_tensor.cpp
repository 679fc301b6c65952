#include "albert/engine/host_tensor.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "albert/engine/binary16.h"

namespace albert {
namespace {

struct Half {
  uint16_t bits;
};

// Calls f with a value of the element type behind a dtype.
template <class F>
void with_type(DType dtype, F f) {
  switch (dtype) {
    case DType::kF32: return f(float{});
    case DType::kF64: return f(double{});
    case DType::kBF16: return f(BFloat16{});
    case DType::kF16: return f(Half{});
    case DType::kI32: return f(int32_t{});
    case DType::kI64: return f(int64_t{});
    case DType::kU8: return f(uint8_t{});
  }
}

template <class T>
auto native(T value) {
  if constexpr (std::is_same_v<T, Half>)
    return half_value(value.bits);
  else if constexpr (std::is_same_v<T, BFloat16>)
    return static_cast<float>(value);
  else
    return value;
}

// Rounds f64 to f32 to odd, so that rounding once more, to bf16, gives the nearest bf16 of the f64.
float round_to_odd(double value) {
  const auto nearest = static_cast<float>(value);
  if (std::isnan(value) || std::isinf(nearest) || static_cast<double>(nearest) == value)
    return nearest;
  const bool too_large = std::fabs(static_cast<double>(nearest)) > std::fabs(value);
  const float truncated = too_large ? std::nextafter(nearest, 0.0F) : nearest;
  uint32_t bits;
  std::memcpy(&bits, &truncated, sizeof bits);
  bits |= 1U;
  float odd;
  std::memcpy(&odd, &bits, sizeof odd);
  return odd;
}

template <class To, class From>
To to_integer(From value) {
  if constexpr (std::is_floating_point_v<From>) {
    const double truncated = std::trunc(static_cast<double>(value));
    const double limit = std::ldexp(1.0, std::numeric_limits<To>::digits);
    const double lowest = std::is_signed_v<To> ? -limit : 0.0;
    if (!(truncated >= lowest && truncated < limit))
      fail(ErrorCode::kBadData, "cannot convert ", value, " to ", DTypeOf<To>::value);
    return static_cast<To>(truncated);
  } else {
    const auto result = static_cast<To>(value);
    if (static_cast<int64_t>(result) != static_cast<int64_t>(value))
      fail(ErrorCode::kBadData, "cannot convert ", static_cast<int64_t>(value), " to ",
           DTypeOf<To>::value);
    return result;
  }
}

template <class To, class From>
To converted(From value) {
  if constexpr (std::is_same_v<To, Half>)
    return Half{half_bits(static_cast<double>(value))};
  else if constexpr (std::is_same_v<To, BFloat16>)
    return BFloat16(std::is_same_v<From, float> ? static_cast<float>(value)
                                                : round_to_odd(static_cast<double>(value)));
  else if constexpr (std::is_integral_v<To>)
    return to_integer<To>(value);
  else
    return static_cast<To>(value);
}

}  // namespace

std::optional<size_t> array_bytes(const std::vector<int64_t>& shape, DType dtype) {
  auto bytes = static_cast<int64_t>(size_of(dtype));
  for (const int64_t d : shape)
    if (d < 0 || __builtin_mul_overflow(bytes, d, &bytes)) return std::nullopt;
  return static_cast<size_t>(bytes);
}

std::string shape_string(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

HostTensor::HostTensor(DType dtype, std::vector<int64_t> shape)
    : HostTensor(uninitialized(dtype, std::move(shape))) {
  if (!bytes_.empty()) std::memset(bytes_.data(), 0, bytes_.size());
}

HostTensor HostTensor::uninitialized(DType dtype, std::vector<int64_t> shape) {
  HostTensor t;
  t.dtype_ = dtype;
  t.shape_ = std::move(shape);
  const auto bytes = array_bytes(t.shape_, dtype);
  if (!bytes) fail(ErrorCode::kBadData, "impossible shape ", t.shape_string(), " of ", dtype);
  t.size_ = static_cast<int64_t>(*bytes / size_of(dtype));
  t.bytes_ = Bytes(*bytes);
  return t;
}

HostTensor HostTensor::reshaped(std::vector<int64_t> shape) const {
  HostTensor t = *this;
  t.shape_ = std::move(shape);
  int64_t size = 1;
  for (const int64_t d : t.shape_) size *= d;
  ALBERT_CHECK(size == size_, "cannot view ", shape_string(), " as ", t.shape_string());
  return t;
}

HostTensor HostTensor::to(DType dtype) const {
  if (dtype == dtype_) return *this;
  HostTensor result = uninitialized(dtype, shape_);
  with_type(dtype_, [&](auto from) {
    with_type(dtype, [&](auto to) {
      const auto* source = reinterpret_cast<const decltype(from)*>(bytes_.data());
      auto* target = reinterpret_cast<decltype(to)*>(result.bytes_.data());
      for (int64_t i = 0; i < size_; ++i) target[i] = converted<decltype(to)>(native(source[i]));
    });
  });
  return result;
}

}  // namespace albert
