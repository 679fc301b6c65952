#include "albert/trainer/loop/agreed_options.h"

#include <utility>

#include "albert/base/checksum.h"
#include "albert/base/json.h"
#include "albert/trainer/parallel/agreement.h"

namespace albert {
namespace {

NamedValues values_that_decide(const LoopOptions& options) {
  NamedValues values{{"program", xxh3_128_of_file("/proc/self/exe")}};
  const auto settings = parse_ordered_json("the settings", options.frozen_settings);
  for (const auto& [name, value] : settings.items()) values.emplace_back(name, value.dump());
  for (const auto& [name, number] : {std::pair{"total_steps", options.total_steps},
                                     {"micro-batches", options.micro_batches},
                                     {"logging_steps", options.logging_steps},
                                     {"eval_steps", options.eval_steps},
                                     {"save_steps", options.save_steps},
                                     {"replica_check_steps", options.replica_check_steps},
                                     {"early_stopping_patience", options.early_stopping_patience}})
    values.emplace_back(name, std::to_string(number));
  values.emplace_back("early_stopping_threshold", std::to_string(options.early_stopping_threshold));
  values.emplace_back("metric_for_best_model", options.best_metric);
  return values;
}

}  // namespace

void check_same_options(Communicator& ranks, const LoopOptions& options, bool on_gpu) {
  if (ranks.size() == 1) return;
  NamedValues values = values_that_decide(options);
  values.emplace_back("device", on_gpu ? "a GPU" : "the CPU");
  check_same_values(ranks, values);
}

}  // namespace albert
