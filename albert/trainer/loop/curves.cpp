#include "albert/trainer/loop/curves.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"

namespace albert {
namespace {

constexpr uint64_t kMaxLogBytes = uint64_t{1} << 30;
constexpr const char* kEval = "eval_";

MetricCurves& curves_of(std::vector<MetricCurves>& all, const std::string& name) {
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const MetricCurves& c) { return c.name == name; });
  return at != all.end() ? *at : all.emplace_back(MetricCurves{name, {}, {}});
}

}  // namespace

std::vector<MetricCurves> read_curves(const std::filesystem::path& metrics_file) {
  std::vector<MetricCurves> all;
  std::istringstream lines(read_text_file(metrics_file, kMaxLogBytes));
  std::string line;
  for (int64_t at = 1; std::getline(lines, line); ++at) {
    const std::string place = metrics_file.string() + ":" + std::to_string(at);
    const auto record = parse_ordered_json(place, line);
    if (!record.is_object() || !record.contains("step") || !record["step"].is_number())
      fail(ErrorCode::kBadData, place, ": not a record of metrics");
    for (const auto& [key, value] : record.items()) {
      if (key == "step" || !value.is_number()) continue;
      const bool evaluation = key.rfind(kEval, 0) == 0;
      MetricCurves& curves = curves_of(all, evaluation ? key.substr(5) : key);
      (evaluation ? curves.evaluation : curves.training)
          .push_back({record["step"].get<double>(), value.get<double>()});
    }
  }
  return all;
}

double best_of(const Curve& curve, const std::string& metric) {
  if (curve.empty()) return NAN;
  const auto less = [](const CurvePoint& a, const CurvePoint& b) { return a.value < b.value; };
  const bool small = metric.find("loss") != std::string::npos;
  return (small ? std::min_element(curve.begin(), curve.end(), less)
                : std::max_element(curve.begin(), curve.end(), less))
      ->value;
}

}  // namespace albert
