#include "apps/bench/report.h"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace albert::bench {
namespace {

std::string number(const Row& row, const char* key, double scale = 1, int digits = 0) {
  if (!row.contains(key) || !row.at(key).is_number()) return "";
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << row.at(key).get<double>() * scale;
  return text.str();
}

// Prints columns as wide as their widest cell, the first one left-aligned.
void print_table(const std::vector<std::vector<std::string>>& lines, std::ostream& out) {
  std::vector<size_t> widths;
  for (const auto& line : lines)
    for (size_t i = 0; i < line.size(); ++i) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], line[i].size());
    }
  for (const auto& line : lines) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string fill(widths[i] - line[i].size(), ' ');
      text += (i == 0 ? "" : "  ") + (i == 0 ? line[i] + fill : fill + line[i]);
    }
    out << text.substr(0, text.find_last_not_of(' ') + 1) << "\n";
  }
}

void print_breakdown(const Row& row, std::ostream& out) {
  if (!row.contains("kernels")) return;
  std::vector<std::vector<std::string>> lines{
      {row.at("name").get<std::string>(), "calls", "ms", "% of step"}};
  if (row.at("kernels").at(0).contains("roofline_seconds"))
    lines[0].insert(lines[0].end(), {"GB/s", "TFLOP/s", "roofline ms", "budget ms"});
  for (const auto& k : row.at("kernels"))
    lines.push_back({"  " + k.at("kernel").get<std::string>(), number(k, "calls"),
                     number(k, "seconds", 1e3, 3), number(k, "share", 100, 1),
                     number(k, "bytes_per_second", 1e-9), number(k, "flops_per_second", 1e-12, 1),
                     number(k, "roofline_seconds", 1e3, 3), number(k, "budget_seconds", 1e3, 3)});
  lines.push_back({"  matmuls", "calls", "GFLOP/s", "library alone", "%"});
  for (const auto& m : row.at("matmuls"))
    lines.push_back({"  " + m.at("matmul").get<std::string>(), number(m, "calls"),
                     number(m, "flops", 1e-9, 0), number(m, "ceiling", 1e-9, 0),
                     number(m, "share_of_ceiling", 100, 0)});
  out << "\n";
  print_table(lines, out);
}

}  // namespace

void print_rows(const std::vector<Row>& rows, bool breakdown, std::ostream& out) {
  std::vector<std::vector<std::string>> lines{{"", "per second", "unit", "spread %", "ms/step",
                                               "p50", "p99", "padded/s", "GFLOP/s", "% of ceiling",
                                               "MiB"}};
  for (const Row& row : rows)
    lines.push_back({row.at("name").get<std::string>(), number(row, "per_second", 1, 1),
                     row.value("unit", ""), number(row, "spread", 100, 1),
                     number(row, "seconds_per_step", 1e3, 2), number(row, "p50_seconds", 1e3, 2),
                     number(row, "p99_seconds", 1e3, 2), number(row, "padded_per_second"),
                     number(row, "flops", 1e-9), number(row, "share_of_ceiling", 100, 1),
                     number(row, "bytes", 1.0 / (1 << 20))});
  print_table(lines, out);
  if (!breakdown) return;
  for (const Row& row : rows) print_breakdown(row, out);
}

void print_predicted(const std::vector<Row>& rows, bool breakdown, std::ostream& out) {
  std::vector<std::vector<std::string>> lines{
      {"", "tokens/s", "ms/step", "GFLOP/step", "GB/step", "% of peak, nominal"}};
  for (const Row& row : rows)
    lines.push_back({row.at("name").get<std::string>(), number(row, "per_second"),
                     number(row, "seconds_per_step", 1e3, 3), number(row, "flops_per_step", 1e-9),
                     number(row, "bytes_per_step", 1e-9, 2), number(row, "share_of_peak", 100, 1)});
  print_table(lines, out);
  if (!breakdown) return;
  for (const Row& row : rows) {
    lines = {{row.at("name").get<std::string>(), "calls", "MB", "GFLOP", "us", "% of step"}};
    const auto add = [&](const Row& cost, const char* name) {
      lines.push_back({"  " + cost.at(name).get<std::string>(), number(cost, "calls", 1, 0),
                       number(cost, "bytes", 1e-6, 1), number(cost, "flops", 1e-9, 1),
                       number(cost, "seconds", 1e6, 1), number(cost, "share", 100, 1)});
    };
    for (const Row& kernel : row.at("kernels")) add(kernel, "kernel");
    lines.push_back({"  matmuls"});
    for (const Row& matmul : row.at("matmuls")) add(matmul, "matmul");
    out << "\n";
    print_table(lines, out);
  }
}

std::vector<Row> compared(const std::vector<Row>& now, const std::vector<Row>& old) {
  std::vector<Row> result;
  for (const Row& row : now) {
    const auto before = std::find_if(old.begin(), old.end(), [&](const Row& o) {
      return o.value("name", "") == row.at("name").get<std::string>();
    });
    if (before == old.end()) continue;
    const double ratio =
        row.at("per_second").get<double>() / before->at("per_second").get<double>();
    const double noise = (row.value("spread", 0.0) + before->value("spread", 0.0)) / 2;
    const char* verdict = ratio > 1 + noise ? "faster" : ratio < 1 - noise ? "slower" : "same";
    result.push_back({{"name", row.at("name")},
                      {"before", before->at("per_second")},
                      {"now", row.at("per_second")},
                      {"ratio", ratio},
                      {"noise", noise},
                      {"verdict", verdict}});
  }
  return result;
}

void print_compared(const std::vector<Row>& rows, std::ostream& out) {
  std::vector<std::vector<std::string>> lines{{"", "before", "now", "ratio", "noise %", "verdict"}};
  for (const Row& row : rows)
    lines.push_back({row.at("name").get<std::string>(), number(row, "before", 1, 1),
                     number(row, "now", 1, 1), number(row, "ratio", 1, 3),
                     number(row, "noise", 100, 1), row.at("verdict").get<std::string>()});
  out << "\n";
  print_table(lines, out);
}

}  // namespace albert::bench
