#pragma once
#include <string>

namespace albert {

// The value with as many digits as an f32 has, for people and JSON.
double seven_digits(double value);
// With three digits behind the point.
std::string three_digits(double value);

}  // namespace albert
