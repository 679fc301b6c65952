#pragma once

namespace albert {

// The value with as many digits as an f32 has, for people and JSON.
double seven_digits(double value);

}  // namespace albert
