#include "albert/trainer/loop/report.h"

#include <cmath>
#include <sstream>

#include "albert/base/atomic_file.h"
#include "albert/trainer/loop/chart.h"
#include "albert/trainer/loop/report_details.h"

namespace albert {
namespace {

double last_of(const Curve& curve) { return curve.empty() ? NAN : curve.back().value; }

void table(std::ostream& out, const std::vector<MetricCurves>& metrics) {
  out << "<div class='wide'><table><tr><th></th><th>training, last</th><th>held out, "
         "last</th><th>held out, best</th></tr>\n";
  for (const MetricCurves& m : metrics) {
    out << "<tr><td>" << html_escaped(m.name) << "</td>";
    for (const double value :
         {last_of(m.training), last_of(m.evaluation), best_of(m.evaluation, m.name)})
      out << "<td>" << short_number_of(value) << "</td>";
    out << "</tr>\n";
  }
  out << "</table></div>\n";
}

std::string name_of(const std::filesystem::path& folder) {
  const auto path = std::filesystem::absolute(folder / "metrics.jsonl").lexically_normal();
  return html_escaped(path.parent_path().filename().string());
}

}  // namespace

void write_report(const std::filesystem::path& output_dir) {
  const auto metrics = read_curves(output_dir / "metrics.jsonl");
  std::ostringstream out;
  begin_page(out, name_of(output_dir));
  out << "<p class='key'><b>━ training</b> &nbsp; <i>━ held out</i> &nbsp; over steps</p>\n";
  table(out, metrics);
  out << "<div class='charts'>\n";
  for (const MetricCurves& m : metrics)
    draw_chart(out, m.name, {{&m.training, "train"}, {&m.evaluation, "eval"}});
  out << "</div>\n" << html_of(read_report_details(output_dir)) << "</html>\n";
  write_file_atomically(output_dir / "report.html", out.str());
}

}  // namespace albert
