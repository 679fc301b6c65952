#include "albert/trainer/loop/chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>

#include "albert/trainer/loop/report_details.h"

namespace albert {
namespace {

constexpr double kWidth = 640, kHeight = 260, kLeft = 60, kRight = 16, kTop = 12, kBottom = 30;
constexpr size_t kMaxPoints = 2000, kMostDots = 40;

constexpr const char* kStyle = R"(<style>
:root{color-scheme:light dark;--ink:#1c2430;--soft:#66717f;
--line:#d9dee5;--train:#2f6fde;--eval:#d9622b;--page:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#97a3b3;--line:#343c47;--page:#14181e}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);
max-width:1380px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1rem;margin:.2rem 0}.charts{display:flex;flex-wrap:wrap;gap:1.5rem}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .9rem .2rem 0;text-align:right}
td:first-child,th:first-child{text-align:left}
th{color:var(--soft);font-weight:500;border-bottom:1px solid var(--line)}
figure{margin:0;max-width:100%}svg{max-width:100%;height:auto}
.wide{overflow-x:auto}section{margin-top:2rem}
.maps{display:flex;flex-wrap:wrap;gap:1rem}
.frame{fill:none;stroke:var(--line)}.cell{fill:var(--train)}
figcaption{color:var(--soft);font-size:.85rem}
svg text{fill:var(--soft);font-size:11px}.grid{stroke:var(--line)}path{fill:none;stroke-width:1.6}
path.train{stroke:var(--train)}path.eval{stroke:var(--eval)}
circle.train{fill:var(--train)}circle.eval{fill:var(--eval)}
.key{color:var(--soft);font-size:.85rem}.key b{color:var(--train)}
.key i{color:var(--eval);font-style:normal;font-weight:600}
.run0{--run:#2f6fde}.run1{--run:#d9622b}.run2{--run:#1d9a6c}.run3{--run:#a54bc9}
.run4{--run:#c79a12}.run5{--run:#d23f6b}path[class^=run]{stroke:var(--run)}
path[class^=run][class$=train]{opacity:.45;stroke-width:1}circle[class^=run]{fill:var(--run)}
circle[class^=run][class$=train]{display:none}
.key [class^=run]{color:var(--run);font-weight:600;margin-right:1em}
</style>)";

// Maps steps and values to places on a chart.
struct Scale {
  double first = 0, last = 1, low = 0, high = 1;
  double x(double step) const {
    return kLeft + (step - first) / (last - first) * (kWidth - kLeft - kRight);
  }
  double y(double value) const {
    return kTop + (high - value) / (high - low) * (kHeight - kTop - kBottom);
  }
};

Scale scale_of(const std::vector<DrawnCurve>& curves) {
  Scale s{1e300, -1e300, 1e300, -1e300};
  for (const DrawnCurve& drawn : curves)
    for (const CurvePoint& p : *drawn.curve) {
      s.first = std::min(s.first, p.step);
      s.last = std::max(s.last, p.step);
      s.low = std::min(s.low, p.value);
      s.high = std::max(s.high, p.value);
    }
  if (s.last <= s.first) s.last = s.first + 1;
  const double margin =
      s.high > s.low ? 0.05 * (s.high - s.low) : std::max(1e-9, std::fabs(s.high) * 0.1);
  s.low -= margin;
  s.high += margin;
  return s;
}

// The distance of ticks, 1, 2 or 5 times a power of ten, for about `count` of them in the range.
double tick(double range, int count) {
  const double rough = range / count, power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough) return factor * power;
  return 10 * power;
}

void draw_axes(std::ostream& out, const Scale& s) {
  const double dy = tick(s.high - s.low, 5), dx = tick(s.last - s.first, 6);
  for (double v = std::ceil(s.low / dy) * dy; v <= s.high; v += dy)
    out << "<line class='grid' x1='" << kLeft << "' x2='" << kWidth - kRight << "' y1='" << s.y(v)
        << "' y2='" << s.y(v) << "'/><text x='" << kLeft - 6 << "' y='" << s.y(v) + 4
        << "' text-anchor='end'>" << short_number_of(std::fabs(v) < dy / 1e6 ? 0 : v) << "</text>";
  for (double v = std::ceil(s.first / dx) * dx; v <= s.last; v += dx)
    out << "<text x='" << s.x(v) << "' y='" << kHeight - 8 << "' text-anchor='middle'>"
        << short_number_of(v) << "</text>";
}

void draw_curve(std::ostream& out, const DrawnCurve& drawn, const Scale& s) {
  const Curve& curve = *drawn.curve;
  if (curve.empty()) return;
  const size_t every = 1 + curve.size() / kMaxPoints;
  out << "<path class='" << drawn.css_class << "' d='";
  for (size_t i = 0; i < curve.size(); i += every)
    out << (i == 0 ? 'M' : 'L') << s.x(curve[i].step) << ' ' << s.y(curve[i].value);
  out << "'/>";
  if (curve.size() > kMostDots) return;
  for (const CurvePoint& p : curve)
    out << "<circle class='" << drawn.css_class << "' cx='" << s.x(p.step) << "' cy='"
        << s.y(p.value) << "' r='2.5'/>";
}

}  // namespace

std::string short_number_of(double value) {
  if (std::isnan(value)) return "";
  char text[32];
  std::snprintf(text, sizeof text, "%.5g", value);
  return text;
}

void draw_chart(std::ostream& out, const std::string& title,
                const std::vector<DrawnCurve>& curves) {
  if (std::all_of(curves.begin(), curves.end(),
                  [](const DrawnCurve& drawn) { return drawn.curve->empty(); }))
    return;
  const Scale s = scale_of(curves);
  out << "<figure><h2>" << html_escaped(title) << "</h2><svg width='" << kWidth << "' height='"
      << kHeight << "' viewBox='0 0 " << kWidth << ' ' << kHeight << "'>";
  draw_axes(out, s);
  for (const DrawnCurve& drawn : curves) draw_curve(out, drawn, s);
  out << "</svg></figure>\n";
}

void begin_page(std::ostream& out, const std::string& title) {
  out << "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' "
         "content='width=device-width'><title>"
      << title << " · albert</title>" << kStyle << "<h1>" << title << "</h1>";
}

}  // namespace albert
