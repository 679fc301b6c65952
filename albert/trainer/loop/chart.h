#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "albert/trainer/loop/curves.h"

namespace albert {

// A curve on a chart, with the class that page_begin's style gives it: "train", "eval", or "run0
// train" .. "run5 eval" where curves of several runs lie over each other.
struct DrawnCurve {
  const Curve* curve;
  std::string css_class;
};

constexpr size_t kRunColours = 6;

// One <figure> with an SVG of the curves over steps; a curve of more than 2,000 points is thinned
// out. Nothing where no curve has a point.
void draw_chart(std::ostream& out, const std::string& title, const std::vector<DrawnCurve>& curves);

// The head of a page that loads nothing from elsewhere, up to its first heading.
void begin_page(std::ostream& out, const std::string& title);

std::string short_number_of(double value);  // 5 digits; empty for NaN

}  // namespace albert
