#include "apps/cli/sweep_plan.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/base/split.h"

namespace albert::apps {
namespace {

constexpr int64_t kMostRuns = 10'000;

struct Axis {
  std::string option;
  std::vector<std::string> values;
};

uint64_t seed_in(const std::string& text, const std::string& seeds) {
  uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seed);
  if (error != std::errc() || stop != end)
    fail(ErrorCode::kUsage, "--seeds: found ", in_quotes(seeds), ", wanted 1..5, or 1,2,3");
  return seed;
}

std::vector<std::string> seeds_in(const std::string& text) {
  const size_t dots = text.find("..");
  std::vector<std::string> seeds;
  if (dots == std::string::npos) {
    for (const auto& one : split(text, ',')) seeds.push_back(std::to_string(seed_in(one, text)));
    return seeds;
  }
  const uint64_t first = seed_in(text.substr(0, dots), text),
                 last = seed_in(text.substr(dots + 2), text);
  if (last < first || last - first >= static_cast<uint64_t>(kMostRuns))
    fail(ErrorCode::kUsage, "--seeds: found ", in_quotes(text),
         ", wanted at least one, and at most ", kMostRuns);
  for (uint64_t seed = first;; ++seed) {
    seeds.push_back(std::to_string(seed));
    if (seed == last) return seeds;
  }
}

// A config file's list arrives as one text, "a=1,2,b=3": what has a '=' begins an option.
std::vector<Axis> axes_in(const std::vector<std::string>& grid) {
  std::vector<Axis> axes;
  for (const auto& text : grid)
    for (const auto& item : split(text, ',')) {
      const size_t equals = item.find('=');
      if (equals == 0 || (equals == std::string::npos && axes.empty()))
        fail(ErrorCode::kUsage, "--grid: found ", in_quotes(text),
             ", wanted OPTION=VALUE,VALUE, as learning_rate=1e-5,3e-5");
      if (equals != std::string::npos) axes.push_back({item.substr(0, equals), {}});
      axes.back().values.push_back(equals == std::string::npos ? item : item.substr(equals + 1));
    }
  return axes;
}

void check_axes(const std::vector<Axis>& axes) {
  int64_t runs = 1;
  for (size_t i = 0; i < axes.size(); ++i) {
    const Axis& axis = axes[i];
    const std::string option = axis.option == "seed" ? "--seeds" : "--grid";
    for (size_t j = 0; j < i; ++j)
      if (axes[j].option == axis.option)
        fail(ErrorCode::kUsage, option, ": found ", axis.option, " twice, wanted it once");
    for (const auto& value : axis.values)
      if (std::count(axis.values.begin(), axis.values.end(), value) > 1)
        fail(ErrorCode::kUsage, option, ": found ", axis.option, "=", printable(value),
             " twice, wanted it once");
    runs *= static_cast<int64_t>(axis.values.size());
    if (runs > kMostRuns)
      fail(ErrorCode::kUsage, "--grid: found more than ", kMostRuns, " runs, wanted fewer");
  }
}

std::vector<Settings> combinations(const std::vector<Axis>& axes) {
  std::vector<Settings> all = {{}};
  for (const Axis& axis : axes) {
    std::vector<Settings> longer;
    for (const Settings& settings : all)
      for (const auto& value : axis.values) {
        longer.push_back(settings);
        longer.back().emplace_back(axis.option, value);
      }
    all = std::move(longer);
  }
  return all;
}

}  // namespace

std::string name_of(const Settings& settings) {
  std::string name;
  for (const auto& [option, value] : settings)
    name += (name.empty() ? "" : ",") + option + "=" + value;
  // A value that is a path has slashes, which a folder's name has not.
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

std::vector<Settings> combinations_of(const std::vector<std::string>& grid,
                                      const std::string& seeds) {
  std::vector<Axis> axes = axes_in(grid);
  if (!seeds.empty()) axes.push_back({"seed", seeds_in(seeds)});
  check_axes(axes);
  return combinations(axes);
}

}  // namespace albert::apps
