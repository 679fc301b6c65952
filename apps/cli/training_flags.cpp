#include "apps/cli/training_flags.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "albert/base/cores.h"
#include "albert/base/printable.h"
#include "albert/base/split.h"
#include "albert/trainer/loop/report.h"
#include "albert/trainer/parallel/launcher.h"
#include "apps/cli/launch_ranks.h"

namespace albert::apps {
namespace {

constexpr int kSavedAfterSignal = 75;

double& part_of(RateMultipliers& rates, const char* option, const std::string& name) {
  if (name == "embeddings") return rates.embeddings;
  if (name == "encoder") return rates.encoder;
  if (name == "head") return rates.head;
  fail(ErrorCode::kUsage, option, ": found ", in_quotes(name),
       ", wanted one of embeddings, encoder, head");
}

double factor_in(const std::string& text) {
  double factor = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, factor);
  if (error != std::errc() || stop != end || !std::isfinite(factor) || factor < 0)
    fail(ErrorCode::kUsage, "--learning_rate_multipliers: found ", in_quotes(text),
         ", wanted a number of 0 or more");
  return factor;
}

void add_batches(Command& command, TrainingFlags& f) {
  command.option("train_batch_size", f.batch_size, "examples an update");
  command.option("gradient_accumulation_steps", f.accumulation,
                 "micro-batches that a rank computes of an update");
  command.option("ranks", f.ranks,
                 "processes on this machine that share every update, by mpirun; 0: as launched");
  command.option("rank_timeout", f.communicator.timeout,
                 "seconds without a sign of life after which a rank is lost; 0: wait for ever");
  command.option("replica_check_steps", f.replica_check_steps,
                 "updates between comparisons of all ranks' weights; 0: when saving");
  command.alias("train_batch_size", {"per_device_train_batch_size", "per_gpu_train_batch_size"});
  for (const char* name : {"train_batch_size", "gradient_accumulation_steps"})
    command.limit(name, 1);
  for (const char* name : {"ranks", "rank_timeout", "replica_check_steps"}) command.limit(name, 0);
}

void add_updates(Command& command, TrainingFlags& f) {
  command.option("max_steps", f.max_steps, "updates");
  command.option("learning_rate", f.learning_rate, "at its peak");
  command.option("warmup_steps", f.warmup, "updates, or a share of all below 1");
  command.option("start_warmup_step", f.start_warmup_step,
                 "the update at which the warm-up begins; the rate is 0 before");
  command.option("poly_power", f.poly_power, "of google's decay, (1 - step / max_steps)^power");
  command.choice("lr_scheduler_type", f.schedule, {"linear", "google"},
                 "google: decays over all steps, the warm-up replaces its beginning");
  command.choice("optim", f.kind, {"adamw", "lamb"}, "optimizer");
  command.choice("optim_variant", f.variant, {"google", "torch"}, "torch: bias correction");
  command.option("weight_decay", f.weight_decay, "of all but biases and LayerNorm");
  command.option("adam_beta1", f.adam_beta1, "of AdamW and LAMB");
  command.option("adam_beta2", f.adam_beta2, "of AdamW and LAMB");
  command.option("adam_epsilon", f.adam_epsilon, "of AdamW and LAMB");
  command.option("learning_rate_multipliers", f.rate_multipliers,
                 "PART=FACTOR,.. of embeddings, encoder, head: times learning_rate there");
  command.option("freeze", f.freeze, "parts that stay as they are: embeddings, encoder, head");
  command.option("ema_decay", f.ema_decay,
                 "decay of a moving average of the weights, as 0.999, which output_dir/ema has at "
                 "the end; 0: none");
  command.option("max_grad_norm", f.max_grad_norm, "gradients are clipped to this norm; 0: never");
  command.alias("max_steps", {"num_train_steps", "train_step"});
  command.alias("warmup_steps",
                {"num_warmup_steps", "warmup_step", "warmup_ratio", "warmup_proportion"});
  command.alias("optim", {"optimizer"});
  command.limit("adam_beta1", 0, 1);
  command.limit("adam_beta2", 0, 1);
  command.limit("ema_decay", 0, std::nextafter(1, 0));
  for (const char* name : {"max_steps", "warmup_steps", "weight_decay", "adam_epsilon",
                           "max_grad_norm", "start_warmup_step", "poly_power"})
    command.limit(name, 0);
}

void add_records(Command& command, TrainingFlags& f) {
  command.option("logging_steps", f.logging_steps, "updates between records in metrics.jsonl");
  command.option("eval_steps", f.eval_steps, "updates between evaluations; 0: at the end");
  command.option("save_steps", f.save_steps, "updates between checkpoints; 0: at the end");
  command.option("save_total_limit", f.save_total_limit, "checkpoints that are kept; 0: all");
  command.option("keep_checkpoint_steps", f.keep_checkpoint_steps,
                 "checkpoints of multiples of it are kept besides; 0: none");
  command.choice("report_to", f.report_to, {"none", "tensorboard"},
                 "tensorboard: event files in output_dir/runs, too");
  command.option("seed", f.seed, "of everything random");
  command.boolean("gradient_checkpointing", f.gradient_checkpointing,
                  "recompute layers in backward, for memory");
  command.boolean("overwrite_output_dir", f.overwrite, "start anew where there are results");
  command.alias("save_steps", {"save_checkpoints_steps"});
  command.alias("save_total_limit", {"keep_checkpoint_max", "num_keep_checkpoint"});
  command.alias("seed", {"random_seed"});
  for (const char* name : {"logging_steps", "eval_steps", "save_steps", "keep_checkpoint_steps"})
    command.limit(name, 0);
}

}  // namespace

void add_training(Command& command, TrainingFlags& f) {
  command.required("output_dir", f.output_dir, "folder for checkpoints, metrics and the model");
  add_batches(command, f);
  add_updates(command, f);
  add_records(command, f);
  f.arguments = [&command] { return command.dump(); };
  command.choice("resume_from_checkpoint", f.resume, {"auto", "none"},
                 "auto: go on where output_dir stopped");
  add_prefix(command, f.common.prefix);
  add_common(command, f.common);
}

void print_recipe(const std::string& name, const Recipe& recipe, std::ostream& out) {
  out << "recipe " << name << " (" << recipe.source << "; what you set yourself wins):";
  for (const auto& [option, value] : recipe.options) out << " --" << option << " " << value;
  out << std::endl;
}

int64_t TrainingFlags::warmup_steps() const {
  return warmup < 1 ? static_cast<int64_t>(std::ceil(warmup * static_cast<double>(max_steps)))
                    : static_cast<int64_t>(warmup);
}

RateMultipliers TrainingFlags::rates() const {
  RateMultipliers rates;
  for (const std::string& item : split(rate_multipliers, ',')) {
    if (rate_multipliers.empty()) break;
    const size_t equals = item.find('=');
    if (equals == std::string::npos)
      fail(ErrorCode::kUsage, "--learning_rate_multipliers: found ", in_quotes(item),
           ", wanted PART=FACTOR, as head=10");
    part_of(rates, "--learning_rate_multipliers", item.substr(0, equals)) =
        factor_in(item.substr(equals + 1));
  }
  for (const std::string& part : split(freeze, ','))
    if (!freeze.empty()) part_of(rates, "--freeze", part) = 0;
  if (rates.embeddings == 0 && rates.encoder == 0 && rates.head == 0)
    fail(ErrorCode::kUsage, "--freeze: found every part frozen, wanted one that learns");
  return rates;
}

LoopOptions TrainingFlags::loop(const Communicator& job) const {
  if (max_steps < 1) fail(ErrorCode::kUsage, "--max_steps ", max_steps, ": wanted 1 or more");
  if (!(learning_rate > 0))
    fail(ErrorCode::kUsage, "--learning_rate ", learning_rate, ": wanted more than 0");
  LoopOptions loop;
  loop.output_dir = output_dir;
  loop.total_steps = max_steps;
  loop.micro_batches = micro_batches_of(batch_size, accumulation, job);
  loop.optimizer = {
      .kind = kind == "lamb" ? OptimizerOptions::Kind::kLamb : OptimizerOptions::Kind::kAdamW,
      .beta1 = adam_beta1,
      .beta2 = adam_beta2,
      .eps = adam_epsilon,
      .weight_decay = weight_decay,
      .bias_correction = variant == "torch",
      .max_gradient_norm = max_grad_norm,
      .rates = rates(),
      .average_decay = ema_decay};
  loop.schedule = {
      .shape = schedule == "google" ? Schedule::Shape::kGooglePoly : Schedule::Shape::kLinear,
      .peak = learning_rate,
      .warmup_steps = warmup_steps(),
      .total_steps = max_steps,
      .power = poly_power,
      .start_warmup_step = start_warmup_step};
  loop.logging_steps = logging_steps;
  loop.eval_steps = eval_steps;
  loop.save_steps = save_steps;
  loop.replica_check_steps = replica_check_steps;
  loop.keep_checkpoints = save_total_limit;
  loop.keep_checkpoint_steps = keep_checkpoint_steps;
  loop.tensorboard = report_to == "tensorboard";
  loop.resume = resume == "auto";
  loop.overwrite = overwrite;
  loop.quiet = common.quiet;
  loop.arguments = arguments();
  return loop;
}

nlohmann::ordered_json TrainingFlags::frozen_settings() const {
  const RateMultipliers by_part = rates();
  nlohmann::ordered_json settings{{"precision", common.precision},
                                  {"train_batch_size", batch_size},
                                  {"max_steps", max_steps},
                                  {"learning_rate", learning_rate},
                                  {"warmup_steps", warmup_steps()},
                                  {"lr_scheduler_type", schedule},
                                  {"optim", kind},
                                  {"optim_variant", variant},
                                  {"weight_decay", weight_decay},
                                  {"adam_beta1", adam_beta1},
                                  {"adam_beta2", adam_beta2},
                                  {"adam_epsilon", adam_epsilon},
                                  {"max_grad_norm", max_grad_norm},
                                  {"embeddings_rate", by_part.embeddings},
                                  {"encoder_rate", by_part.encoder},
                                  {"head_rate", by_part.head},
                                  {"seed", seed}};
  if (!common.prefix.empty()) settings["prefix"] = common.prefix;
  if (ema_decay != 0) settings["ema_decay"] = ema_decay;
  if (poly_power != 1) settings["poly_power"] = poly_power;
  if (start_warmup_step != 0) settings["start_warmup_step"] = start_warmup_step;
  return settings;
}

int run_ranks(TrainingFlags& flags, const Command& command,
              const std::function<int(Communicator& ranks)>& work) {
  const auto launched = launched_rank();
  if (launched && flags.ranks > 0 && launched->size != flags.ranks)
    fail(ErrorCode::kUsage, "--ranks ", flags.ranks, ": found ", launched->size,
         " of a launcher, wanted one of both");
  if (!launched && flags.ranks > 1) return launch_ranks(flags.ranks, command.arguments());
  if (launched && flags.common.threads == 0)
    flags.common.threads = std::max(1, usable_cores() / launched->local_size);
  const auto ranks = make_communicator(flags.communicator);
  if (!ranks->leads()) flags.common.quiet = true;
  int code = 0;
  abort_on_error(*ranks, [&] { code = work(*ranks); });
  return code;
}

int finish_training(const TrainingFlags& flags, const LoopResult& result, const Communicator& ranks,
                    std::ostream& out) {
  if (ranks.leads()) write_report(flags.output_dir);
  if (result.end == LoopEnd::kStopped) return kSavedAfterSignal;
  if (flags.common.quiet) return 0;
  out << flags.output_dir << ": model after " << result.step << " steps";
  for (const auto& [name, value] : result.evaluation.values()) out << ", " << name << " " << value;
  out << "; curves in " << flags.output_dir << "/report.html\n";
  return 0;
}

}  // namespace albert::apps
