#include "albert/trainer/loop/comparison.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "albert/base/atomic_file.h"
#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/trainer/loop/chart.h"
#include "albert/trainer/loop/report_details.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxArguments = 1 << 20;

struct Run {
  std::string name;  // its folder, as the user gave it
  std::vector<MetricCurves> metrics;
  nlohmann::ordered_json arguments = nlohmann::ordered_json::object();

  const MetricCurves* find(const std::string& metric) const {
    for (const MetricCurves& m : metrics)
      if (m.name == metric) return &m;
    return nullptr;
  }
};

Run read_run(const fs::path& folder) {
  Run run{folder.string(), read_curves(folder / "metrics.jsonl"), {}};
  const fs::path arguments = folder / "args.json";
  std::error_code ignored;
  if (fs::exists(arguments, ignored))
    run.arguments =
        parse_ordered_json(arguments.string(), read_text_file(arguments, kMaxArguments));
  if (!run.arguments.is_object()) run.arguments = nlohmann::ordered_json::object();
  return run;
}

std::vector<std::string> metric_names(const std::vector<Run>& runs) {
  std::vector<std::string> names;
  for (const Run& run : runs)
    for (const MetricCurves& m : run.metrics)
      if (std::find(names.begin(), names.end(), m.name) == names.end()) names.push_back(m.name);
  return names;
}

std::string css_class(size_t run) { return "run" + std::to_string(run); }

void begin_table(std::ostream& out, const char* first, const std::vector<Run>& runs) {
  out << "<div class='wide'><table><tr><th>" << first << "</th>";
  for (const Run& run : runs) out << "<th>" << html_escaped(run.name) << "</th>";
  out << "</tr>\n";
}

// The best held-out value of a metric; of one that is not evaluated, the last in training.
std::string reached(const Run& run, const std::string& metric) {
  const MetricCurves* m = run.find(metric);
  if (m == nullptr) return "";
  if (!m->evaluation.empty()) return short_number_of(best_of(m->evaluation, metric));
  return m->training.empty() ? "" : short_number_of(m->training.back().value);
}

void results(std::ostream& out, const std::vector<Run>& runs,
             const std::vector<std::string>& metrics) {
  begin_table(out, "held out, best; else training, last", runs);
  for (const std::string& metric : metrics) {
    out << "<tr><td>" << html_escaped(metric) << "</td>";
    for (const Run& run : runs) out << "<td>" << reached(run, metric) << "</td>";
    out << "</tr>\n";
  }
  out << "</table></div>\n";
}

std::string option_of(const Run& run, const std::string& name) {
  const auto at = run.arguments.find(name);
  if (at == run.arguments.end()) return "";
  return at->is_string() ? at->get<std::string>() : at->dump();
}

std::vector<std::string> options_that_differ(const std::vector<Run>& runs) {
  std::vector<std::string> names;
  for (const Run& run : runs)
    for (const auto& [name, ignored] : run.arguments.items()) {
      const auto same = [&, &name = name](const Run& other) {
        return option_of(other, name) == option_of(runs.front(), name);
      };
      if (std::find(names.begin(), names.end(), name) == names.end() &&
          !std::all_of(runs.begin(), runs.end(), same))
        names.push_back(name);
    }
  return names;
}

void differences(std::ostream& out, const std::vector<Run>& runs) {
  const auto names = options_that_differ(runs);
  if (names.empty()) return;
  out << "<section><h2>options that differ</h2>";
  begin_table(out, "", runs);
  for (const std::string& name : names) {
    out << "<tr><td>" << html_escaped(name) << "</td>";
    for (const Run& run : runs) out << "<td>" << html_escaped(option_of(run, name)) << "</td>";
    out << "</tr>\n";
  }
  out << "</table></div></section>\n";
}

void charts(std::ostream& out, const std::vector<Run>& runs,
            const std::vector<std::string>& metrics) {
  out << "<div class='charts'>\n";
  for (const std::string& metric : metrics) {
    std::vector<DrawnCurve> curves;
    for (size_t i = 0; i < runs.size(); ++i)
      if (const MetricCurves* m = runs[i].find(metric)) {
        curves.push_back({&m->training, css_class(i) + " train"});
        curves.push_back({&m->evaluation, css_class(i) + " eval"});
      }
    draw_chart(out, metric, curves);
  }
  out << "</div>\n";
}

}  // namespace

void write_comparison(const std::vector<fs::path>& runs, const fs::path& page) {
  if (runs.size() < 2 || runs.size() > kRunColours)
    fail(ErrorCode::kUsage, "found ", runs.size(), " runs to compare, wanted 2 to ", kRunColours);
  std::vector<Run> read;
  for (const fs::path& run : runs) read.push_back(read_run(run));
  const auto metrics = metric_names(read);
  std::ostringstream out;
  begin_page(out, "comparison of " + std::to_string(runs.size()) + " runs");
  out << "<p class='key'>";
  for (size_t i = 0; i < read.size(); ++i)
    out << "<span class='" << css_class(i) << "'>━ " << html_escaped(read[i].name) << "</span>";
  out << " faint: training; strong: held out; over steps</p>\n";
  results(out, read, metrics);
  charts(out, read, metrics);
  differences(out, read);
  out << "</html>\n";
  write_file_atomically(page, out.str());
}

}  // namespace albert
