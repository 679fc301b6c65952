#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace albert {

struct CurvePoint {
  double step, value;
};
using Curve = std::vector<CurvePoint>;

// What a run logged of one metric, over its updates; either may be empty.
struct MetricCurves {
  std::string name;  // of evaluations without its "eval_"
  Curve training, evaluation;
};

// The numbers of a metrics.jsonl, in the order in which metrics appear. Error(kMissingInput),
// kBadData "file:line: ..".
std::vector<MetricCurves> read_curves(const std::filesystem::path& metrics_file);

// The best of values that are better when small, as a metric's name says, or when great; NaN of
// none.
double best_of(const Curve& curve, const std::string& metric);

}  // namespace albert
