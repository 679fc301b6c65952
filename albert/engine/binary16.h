#pragma once
// IEEE binary16 as bits, in software: every value, subnormals, infinities and NaN included.
#include <cstdint>

namespace albert {

// Rounds to nearest, ties to even; beyond 65504 (from 65520 on) gives infinity; NaN stays NaN.
uint16_t half_bits(double value);

// Exact.
float half_value(uint16_t bits);

}  // namespace albert
