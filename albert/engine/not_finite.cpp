#include "albert/engine/not_finite.h"

#include <cstring>

namespace albert {
namespace {

// Infinities and NaNs are the values whose exponent has all its bits set.
template <class Bits>
int64_t count_exponents(const HostTensor& t, Bits mask) {
  const auto* at = static_cast<const std::byte*>(t.raw());
  int64_t count = 0;
  for (int64_t i = 0; i < t.size(); ++i, at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, at, sizeof(bits));
    count += (bits & mask) == mask;
  }
  return count;
}

}  // namespace

int64_t count_not_finite(const HostTensor& tensor) {
  switch (tensor.dtype()) {
    case DType::kF64: return count_exponents<uint64_t>(tensor, 0x7FF0'0000'0000'0000);
    case DType::kF32: return count_exponents<uint32_t>(tensor, 0x7F80'0000);
    case DType::kBF16: return count_exponents<uint16_t>(tensor, 0x7F80);
    case DType::kF16: return count_exponents<uint16_t>(tensor, 0x7C00);
    default: return 0;
  }
}

}  // namespace albert
