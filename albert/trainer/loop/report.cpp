#include "albert/trainer/loop/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <sstream>
#include <vector>

#include "albert/base/atomic_file.h"
#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/trainer/loop/report_details.h"

namespace albert {
namespace {

constexpr uint64_t kMaxLogBytes = uint64_t{1} << 30;
constexpr double kWidth = 640, kHeight = 260, kLeft = 60, kRight = 16, kTop = 12, kBottom = 30;
constexpr size_t kMaxPoints = 2000;  // of one curve; more are thinned out
constexpr const char* kEval = "eval_";

struct Point {
  double step, value;
};
using Series = std::vector<Point>;
struct Chart {
  std::string name;
  Series training, evaluation;
};

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
.train{stroke:var(--train)}.eval{stroke:var(--eval)}
circle{fill:var(--eval)}.key{color:var(--soft);font-size:.85rem}.key b{color:var(--train)}
.key i{color:var(--eval);font-style:normal;font-weight:600}
</style>)";

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.5g", value);
  return text;
}

std::vector<Chart> read_charts(const std::filesystem::path& path) {
  std::vector<Chart> charts;
  std::istringstream lines(read_text_file(path, kMaxLogBytes));
  std::string line;
  for (int64_t at = 1; std::getline(lines, line); ++at) {
    const std::string place = path.string() + ":" + std::to_string(at);
    const auto record = parse_ordered_json(place, line);
    if (!record.is_object() || !record.contains("step") || !record["step"].is_number())
      fail(ErrorCode::kBadData, place, ": not a record of metrics");
    for (const auto& [key, value] : record.items()) {
      if (key == "step" || !value.is_number()) continue;
      const bool evaluation = key.rfind(kEval, 0) == 0;
      const std::string name = evaluation ? key.substr(5) : key;
      auto chart = std::find_if(charts.begin(), charts.end(),
                                [&](const Chart& c) { return c.name == name; });
      if (chart == charts.end()) chart = charts.insert(charts.end(), {name, {}, {}});
      (evaluation ? chart->evaluation : chart->training)
          .push_back({record["step"].get<double>(), value.get<double>()});
    }
  }
  return charts;
}

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

Scale scale_of(const Chart& chart) {
  Scale s{1e300, -1e300, 1e300, -1e300};
  for (const Series* series : {&chart.training, &chart.evaluation})
    for (const Point& p : *series) {
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
        << "' text-anchor='end'>" << number(std::fabs(v) < dy / 1e6 ? 0 : v) << "</text>";
  for (double v = std::ceil(s.first / dx) * dx; v <= s.last; v += dx)
    out << "<text x='" << s.x(v) << "' y='" << kHeight - 8 << "' text-anchor='middle'>" << number(v)
        << "</text>";
}

void draw_curve(std::ostream& out, const Series& series, const Scale& s, const char* kind) {
  if (series.empty()) return;
  const size_t every = std::max<size_t>(1, series.size() / kMaxPoints);
  out << "<path class='" << kind << "' d='";
  for (size_t i = 0; i < series.size(); i += every)
    out << (i == 0 ? 'M' : 'L') << s.x(series[i].step) << ' ' << s.y(series[i].value);
  out << "'/>";
  if (series.size() > 40) return;
  for (const Point& p : series)
    out << "<circle cx='" << s.x(p.step) << "' cy='" << s.y(p.value) << "' r='2.5'"
        << (std::string(kind) == "train" ? " style='fill:var(--train)'" : "") << "/>";
}

void draw(std::ostream& out, const Chart& chart) {
  const Scale s = scale_of(chart);
  out << "<figure><h2>" << html_escaped(chart.name) << "</h2><svg width='" << kWidth << "' height='"
      << kHeight << "' viewBox='0 0 " << kWidth << ' ' << kHeight << "'>";
  draw_axes(out, s);
  draw_curve(out, chart.training, s, "train");
  draw_curve(out, chart.evaluation, s, "eval");
  out << "</svg></figure>\n";
}

void table(std::ostream& out, const std::vector<Chart>& charts) {
  out << "<div class='wide'><table><tr><th></th><th>training, last</th><th>held out, "
         "last</th><th>held out, "
         "best</th></tr>\n";
  for (const Chart& chart : charts) {
    const auto last = [](const Series& s) {
      return s.empty() ? std::string() : number(s.back().value);
    };
    const auto less = [](const Point& a, const Point& b) { return a.value < b.value; };
    const bool small = chart.name.find("loss") != std::string::npos;
    const Series& e = chart.evaluation;
    const std::string best = e.empty() ? ""
                                       : number((small ? std::min_element(e.begin(), e.end(), less)
                                                       : std::max_element(e.begin(), e.end(), less))
                                                    ->value);
    out << "<tr><td>" << html_escaped(chart.name) << "</td><td>" << last(chart.training)
        << "</td><td>" << last(e) << "</td><td>" << best << "</td></tr>\n";
  }
  out << "</table></div>\n";
}

}  // namespace

void write_report(const std::filesystem::path& output_dir) {
  const auto charts = read_charts(output_dir / "metrics.jsonl");
  std::ostringstream out;
  const std::string title =
      html_escaped(std::filesystem::absolute(output_dir).lexically_normal().filename().string());
  out << "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' "
         "content='width=device-width'><title>"
      << title << " · albert</title>" << kStyle << "<h1>" << title
      << "</h1><p class='key'><b>━ training</b> &nbsp; <i>━ held out</i> &nbsp; over steps</p>\n";
  table(out, charts);
  out << "<div class='charts'>\n";
  for (const Chart& chart : charts) draw(out, chart);
  out << "</div>\n" << html_of(read_report_details(output_dir)) << "</html>\n";
  write_file_atomically(output_dir / "report.html", out.str());
}

}  // namespace albert
