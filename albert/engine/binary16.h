#pragma once
// IEEE binary16 as bits, in software: every value, subnormals, infinities and NaN included.
#include <cstdint>

namespace albert {

// The binary16 nearest to a value, ties to even. Values from 65520 on give infinity; NaN stays NaN.
uint16_t half_bits(double value);

// The value of a binary16, which a float holds exactly.
float half_value(uint16_t bits);

}  // namespace albert
