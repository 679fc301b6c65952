#include "apps/cli/sweep.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <sstream>

#include "albert/base/atomic_file.h"
#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/trainer/loop/best_checkpoint.h"
#include "apps/cli/arguments.h"
#include "apps/cli/program.h"
#include "apps/cli/sweep_plan.h"

namespace albert::apps {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr int kSavedAfterSignal = 75;
constexpr uint64_t kMaxResults = 1 << 20;
constexpr std::string_view kPrefix = "eval_";  // of metrics in eval_results.json

struct Run {
  Settings settings;  // with the seed last, where there are seeds
  std::vector<std::string> arguments;
  fs::path folder;
  std::string expected;  // its args.json
  int code = 0;
  ordered_json results = {};  // its eval_results.json
};

std::vector<std::string> finetune(const SweepRequest& request, const Run& run) {
  auto options = ordered_json::parse(request.options);
  options.erase("seeds");
  options.erase("grid");
  options["output_dir"] = run.folder.string();
  std::vector<std::string> arguments = {"finetune"};
  for (const auto& argument : arguments_of("--grid", options)) arguments.push_back(argument);
  for (const auto& [option, value] : run.settings) arguments.push_back("--" + option + "=" + value);
  return arguments;
}

// The args.json that the run will have. Error(kUsage) where its options are wrong, before any runs.
std::string arguments_file(std::vector<std::string> arguments) {
  arguments.emplace_back("--dump_config");
  std::ostringstream out, err;
  const int code = run_program(arguments, out, err);
  if (code == 0) return out.str();
  std::string what = err.str();
  const std::string prefix = "albert: error: ";
  if (what.starts_with(prefix)) what.erase(0, prefix.size());
  while (what.ends_with('\n')) what.pop_back();
  fail(static_cast<ErrorCode>(code), what);
}

// Whatever name a grid has for them, "output-dir" or "task_name": a run has its own folder, and the
// task of all.
void check_shared_options(const SweepRequest& request, const Run& run) {
  const auto all = ordered_json::parse(request.options), own = ordered_json::parse(run.expected);
  const bool own_folder = own.value("output_dir", "") == run.folder.string(),
             same_task = own.value("task", "") == all.value("task", ""),
             sweeps = !own.value("seeds", "").empty() || !own["grid"].empty();
  if (!own_folder || !same_task || sweeps)
    fail(ErrorCode::kUsage, "--grid: found ",
         own_folder ? same_task ? "a sweep" : "task" : "output_dir",
         ", wanted options that runs of one sweep may differ in");
}

std::vector<Run> planned(const SweepRequest& request) {
  std::vector<Run> runs;
  for (Settings& settings : combinations_of(request.grid, request.seeds)) {
    Run run{std::move(settings), {}, {}, {}};
    run.folder = fs::path(request.output_dir) / name_of(run.settings);
    for (const Run& other : runs)
      if (other.folder == run.folder)
        fail(ErrorCode::kUsage, "--grid: found two runs for the folder ", run.folder.string(),
             ", wanted values that differ in more than a slash");
    run.arguments = finetune(request, run);
    run.expected = arguments_file(run.arguments);
    check_shared_options(request, run);
    runs.push_back(std::move(run));
  }
  return runs;
}

std::optional<ordered_json> object_in(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::nullopt;
  return parse_ordered_json(file.string(), read_text_file(file, kMaxResults));
}

// What decides a run's weights and scores.
ordered_json deciding(ordered_json options) {
  for (const char* name : {"threads", "quiet", "overwrite_output_dir"}) options.erase(name);
  return options;
}

bool is_complete(const Run& run) {
  const auto options = object_in(run.folder / "args.json");
  return options && fs::exists(run.folder / "eval_results.json") &&
         deciding(*options) == deciding(ordered_json::parse(run.expected));
}

bool ends_all(int code) {
  for (const ErrorCode input : {ErrorCode::kUsage, ErrorCode::kBadData, ErrorCode::kMissingInput})
    if (code == static_cast<int>(input)) return true;
  return code == kSavedAfterSignal;
}

std::string in_results(const std::string& metric) { return std::string(kPrefix) + metric; }

// The metric that runs are compared by.
std::string compared(const SweepRequest& request, const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.results.contains(in_results(request.metric))) return request.metric;
    for (const auto& [name, value] : run.results.items())
      if (name.starts_with(kPrefix) && name != "eval_loss" && !name.starts_with("eval_samples"))
        return name.substr(kPrefix.size());
  }
  return "loss";
}

// The same settings with each seed.
struct Group {
  Settings settings;
  std::vector<const Run*> runs;
};

std::vector<Group> groups_of(const std::vector<Run>& runs) {
  std::vector<Group> groups;
  for (const Run& run : runs) {
    Settings settings = run.settings;
    if (!settings.empty() && settings.back().first == "seed") settings.pop_back();
    if (groups.empty() || groups.back().settings != settings) groups.push_back({settings, {}});
    groups.back().runs.push_back(&run);
  }
  return groups;
}

// Of the runs that have the metric. The deviation is that of a sample, n - 1; 0 of one run.
struct Summary {
  size_t runs = 0;
  double mean = 0, deviation = 0, best = 0;
  const Run* best_run = nullptr;
};

Summary summary_of(const Group& group, const std::string& metric, bool greater) {
  Summary s;
  std::vector<double> values;
  for (const Run* run : group.runs) {
    const auto at = run->results.find(in_results(metric));
    if (at == run->results.end() || !at->is_number()) continue;
    const auto value = at->get<double>();
    values.push_back(value);
    if (s.best_run && (greater ? value <= s.best : value >= s.best)) continue;
    s.best = value;
    s.best_run = run;
  }
  s.runs = values.size();
  for (const double value : values) s.mean += value / static_cast<double>(values.size());
  for (const double value : values) s.deviation += (value - s.mean) * (value - s.mean);
  s.deviation = s.runs > 1 ? std::sqrt(s.deviation / static_cast<double>(s.runs - 1)) : 0;
  return s;
}

ordered_json json_of(const Settings& settings) {
  ordered_json object = ordered_json::object();
  for (const auto& [option, value] : settings) object[option] = value;
  return object;
}

ordered_json report_of(const std::vector<Run>& runs, const std::vector<Group>& groups,
                       const std::string& metric, bool greater) {
  ordered_json report = {
      {"metric", metric}, {"groups", ordered_json::array()}, {"runs", ordered_json::array()}};
  for (const Group& group : groups) {
    const Summary s = summary_of(group, metric, greater);
    report["groups"].push_back({{"settings", json_of(group.settings)}, {"runs", s.runs}});
    if (s.runs == 0) continue;
    report["groups"].back().update({{"mean", s.mean},
                                    {"deviation", s.deviation},
                                    {"best", s.best},
                                    {"best_run", s.best_run->folder.filename().string()}});
  }
  for (const Run& run : runs)
    report["runs"].push_back({{"folder", run.folder.filename().string()},
                              {"settings", json_of(run.settings)},
                              {"exit_code", run.code},
                              {"results", run.results}});
  return report;
}

void print_table(std::ostream& out, const std::vector<Group>& groups, const std::string& metric,
                 bool greater) {
  size_t longest = metric.size();
  for (const Group& group : groups) longest = std::max(longest, name_of(group.settings).size());
  const auto width = static_cast<int>(longest);
  out << std::left << std::setw(width) << metric << std::right
      << "      mean  deviation      best  runs  best run\n"
      << std::fixed << std::setprecision(4);
  for (const Group& group : groups) {
    const Summary s = summary_of(group, metric, greater);
    out << std::left << std::setw(width) << name_of(group.settings) << std::right << std::setw(10)
        << s.mean << std::setw(11) << s.deviation << std::setw(10) << s.best << std::setw(6)
        << s.runs << "  " << (s.best_run ? s.best_run->folder.filename().string() : "none has it")
        << "\n";
  }
}

// The exit code of the run.
int train_unless_complete(const SweepRequest& request, Run& run, const std::string& which,
                          std::ostream& out, std::ostream& err) {
  const bool complete = !request.anew && is_complete(run);
  if (!request.quiet)
    out << which << ": " << name_of(run.settings) << (complete ? ": is complete" : "") << std::endl;
  const int code = complete ? 0 : run_program(run.arguments, out, err);
  if (code == 0)
    run.results = object_in(run.folder / "eval_results.json").value_or(ordered_json::object());
  return code;
}

}  // namespace

int run_sweep(const SweepRequest& request, std::ostream& out, std::ostream& err) {
  std::vector<Run> runs = planned(request);
  int code = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    const std::string which = "run " + std::to_string(i + 1) + " of " + std::to_string(runs.size());
    runs[i].code = train_unless_complete(request, runs[i], which, out, err);
    if (runs[i].code == kSavedAfterSignal && !request.quiet)
      out << "the same command goes on from here\n";
    if (ends_all(runs[i].code)) return runs[i].code;
    if (runs[i].code != 0) code = runs[i].code;
  }
  const std::string metric = compared(request, runs);
  const bool greater = request.greater_is_better.value_or(greater_is_better(metric));
  const std::vector<Group> groups = groups_of(runs);
  write_file_atomically(fs::path(request.output_dir) / "sweep.json",
                        report_of(runs, groups, metric, greater).dump(2) + "\n");
  if (!request.quiet) print_table(out, groups, metric, greater);
  return code;
}

}  // namespace albert::apps
