#include "albert/trainer/tasks/rounding.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace albert {

double seven_digits(double value) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%.7g", value);
  return std::strtod(digits.data(), nullptr);
}

std::string three_digits(double value) {
  std::array<char, 512> digits{};  // of the largest double
  std::snprintf(digits.data(), digits.size(), "%.3f", value);
  return digits.data();
}

}  // namespace albert
