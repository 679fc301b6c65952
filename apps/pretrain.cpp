#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "albert/trainer/tasks/pretraining_recipes.h"
#include "apps/cli/training_flags.h"
#include "apps/commands.h"
#include "apps/pretrain_data.h"

namespace albert::apps {
namespace {

struct PretrainFlags {
  std::string tokenizer, model, config, recipe;
  AlbertConfig sizes;
  PretrainDataFlags data;
  int64_t eval_examples = 512;
  double sentence_order_dropout = 0.1;
  TrainingFlags training;
};

bool is_googles_config(const std::filesystem::path& path) {
  constexpr const char* kGoogles = "albert_config.json";
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return path.filename() == kGoogles;
  return !std::filesystem::exists(path / "config.json", ignored) &&
         std::filesystem::exists(path / kGoogles, ignored);
}

// What the user says, else none for a model that Google's file describes, else as the model.
std::optional<double> sentence_order_dropout(const PretrainFlags& flags, const Command& command) {
  if (command.is_set("sentence_order_dropout_prob")) return flags.sentence_order_dropout;
  if (is_googles_config(flags.model.empty() ? flags.config : flags.model)) return 0;
  return std::nullopt;
}

std::vector<std::string> recipe_arguments(const PretrainFlags& flags) {
  std::vector<std::string> arguments;
  if (flags.recipe.empty()) return arguments;
  for (const auto& [name, value] : pretraining_recipe(flags.recipe).options)
    arguments.push_back("--" + name + "=" + value);
  return arguments;
}

// The model of a folder, to go on from, or a new one from a config file or the size options.
AlbertForPreTraining make_model(const PretrainFlags& flags, const Tokenizer& tokenizer,
                                int64_t max_seq_length, std::ostream& err) {
  ModelOptions options = flags.training.common.model(err);
  options.trainable = true;
  options.seed = flags.training.seed;
  if (!flags.model.empty()) {
    options.allow_missing = true;
    auto model = AlbertForPreTraining::from_pretrained(flags.model, options);
    print_load_notes(model.load_report(), flags.training.common, err);
    return model;
  }
  AlbertConfig config =
      flags.config.empty() ? flags.sizes : AlbertConfig::from_pretrained(flags.config);
  if (flags.config.empty()) {
    config.vocab_size = tokenizer.vocab_size();
    config.bos_token_id = tokenizer.cls_id();
    config.eos_token_id = tokenizer.sep_id();
    config.pad_token_id = tokenizer.pad_id();
    config.max_position_embeddings =
        std::max<int64_t>(config.max_position_embeddings, max_seq_length);
  }
  config.validate();
  return AlbertForPreTraining::from_config(config, options);
}

nlohmann::ordered_json frozen_settings(const PretrainFlags& flags, const AlbertConfig& config,
                                       const PretrainData& data) {
  auto settings = flags.training.frozen_settings();
  settings["data"] = data.fingerprint();
  settings["config"] = nlohmann::json::parse(config.to_json());
  settings["model"] = flags.model;
  settings["max_seq_length"] = data.max_seq_length();
  settings["short_seq_prob"] = flags.data.pairs.short_seq_prob;
  settings["masked_lm_prob"] = flags.data.masking.masked_lm_prob;
  settings["max_predictions_per_seq"] = flags.data.masking.max_predictions_per_seq;
  settings["ngram"] = flags.data.masking.ngram;
  settings["favor_shorter_ngram"] = flags.data.masking.favor_shorter_ngram;
  settings["do_whole_word_mask"] = flags.data.masking.do_whole_word_mask;
  if (!flags.data.length_phases.empty()) settings["length_phases"] = flags.data.length_phases;
  if (flags.data.initial_batch_size > 0 && flags.data.batch_size_warmup_steps > 0) {
    settings["initial_train_batch_size"] = flags.data.initial_batch_size;
    settings["batch_size_warmup_steps"] = flags.data.batch_size_warmup_steps;
  }
  return settings;
}

void check_sources(const PretrainFlags& flags) {
  if (!flags.data.data_dir.empty()) return;
  if (flags.data.from_tfrecord.empty() || flags.tokenizer.empty())
    fail(ErrorCode::kUsage,
         "pretrain needs --data_dir, or --from_tfrecord and --tokenizer; see pretrain --help");
}

void check_sizes(const AlbertConfig& config, const Tokenizer& tokenizer, int64_t length) {
  if (config.vocab_size >= tokenizer.vocab_size() && config.max_position_embeddings >= length)
    return;
  fail(ErrorCode::kMismatch, "model: found a vocabulary of ", config.vocab_size, " and ",
       config.max_position_embeddings, " positions, wanted at least ", tokenizer.vocab_size(),
       " and ", length);
}

void print_plan(const PretrainFlags& flags, const AlbertForPreTraining& model,
                const PretrainData& data, std::ostream& out) {
  out << "pre-training " << model.parameters().count() << " parameters on " << data.description()
      << ", " << data.phases().front()->size_of_pass(0) << " examples a pass, "
      << flags.training.max_steps << " steps of " << flags.training.batch_size << " examples"
      << std::endl;
}

int run(const PretrainFlags& flags, const Command& command, Communicator& ranks, std::ostream& out,
        std::ostream& err) {
  if (!flags.recipe.empty() && !flags.training.common.quiet)
    print_recipe(flags.recipe, pretraining_recipe(flags.recipe), out);
  check_sources(flags);
  const auto tokenizer =
      Tokenizer::from_pretrained(flags.tokenizer.empty() ? flags.data.data_dir : flags.tokenizer);
  const TrainingFlags& training = flags.training;
  const PretrainData data(flags.data, *tokenizer, training.seed, training.max_steps);
  AlbertForPreTraining model = make_model(flags, *tokenizer, data.max_seq_length(), err);
  const auto order_dropout = sentence_order_dropout(flags, command);
  if (order_dropout) model.set_sentence_order_dropout(*order_dropout);
  check_sizes(model.config(), *tokenizer, data.max_seq_length());
  LoopOptions loop = training.loop(ranks);
  PretrainingTask task(
      model, *tokenizer, data.phases(), data.held_out(),
      BatchPlan({.batch_size = training.batch_size,
                 .initial_batch_size = flags.data.initial_batch_size,
                 .warmup_steps = flags.data.batch_size_warmup_steps,
                 .phase_starts = data.phase_starts()},
                loop.micro_batches),
      {.eval_examples = flags.eval_examples,
       .seed = training.seed,
       .keep = training.gradient_checkpointing ? Keep::kRecompute : Keep::kActivations});
  if (!training.common.quiet) print_plan(flags, model, data, out);
  auto settings = frozen_settings(flags, model.config(), data);
  if (order_dropout) settings["sentence_order_dropout_prob"] = *order_dropout;
  loop.frozen_settings = settings.dump();
  const LoopResult result = train(task, loop, ranks, err);
  return finish_training(flags.training, result, ranks, out);
}

}  // namespace

Runner declare_pretrain(Command& command) {
  const auto flags = std::make_shared<PretrainFlags>();
  AlbertConfig& c = flags->sizes;
  flags->training.kind = "lamb";
  flags->training.learning_rate = 0.00176;
  flags->training.max_steps = 125000;
  add_pretrain_data(command, flags->data);
  command.choice("recipe", flags->recipe, pretraining_recipe_names(),
                 "published sizes and hyper-parameters; google: the defaults of its scripts");
  command.option("tokenizer", flags->tokenizer, "vocabulary, if not the one in data_dir");
  command.option("model_name_or_path", flags->model,
                 "folder to go on from, instead of a random start");
  command.option("config_name", flags->config, "config.json of a new model; else the sizes below");
  command.option("num_hidden_layers", c.num_hidden_layers, "applications of the shared layer");
  command.option("hidden_size", c.hidden_size, "width");
  command.option("num_attention_heads", c.num_attention_heads, "heads");
  command.option("intermediate_size", c.intermediate_size, "width inside the feed-forward part");
  command.option("embedding_size", c.embedding_size, "width of the factorised embeddings");
  command.option("initializer_range", c.initializer_range,
                 "standard deviation of random starts; 0.05 helps narrow models");
  command.option("hidden_dropout_prob", c.hidden_dropout_prob, "dropout");
  command.option("attention_probs_dropout_prob", c.attention_probs_dropout_prob,
                 "dropout of attention");
  command.option("sentence_order_dropout_prob", flags->sentence_order_dropout,
                 "dropout before the sentence-order classifier; else none for an "
                 "albert_config.json, or config.json's classifier_dropout_prob");
  command.omit_unless_set("sentence_order_dropout_prob");
  command.hide_default("sentence_order_dropout_prob");
  command.limit("sentence_order_dropout_prob", 0, 1);
  command.option("eval_examples", flags->eval_examples,
                 "held-out examples of an evaluation, of each set");
  command.limit("eval_examples", 1);
  command.alias("tokenizer", {"tokenizer_name", "spm_model_file", "vocab_file"});
  command.alias("model_name_or_path", {"init_checkpoint"});
  command.alias("config_name", {"albert_config_file"});
  add_training(command, flags->training);
  command.presets([flags] { return recipe_arguments(*flags); });
  return [flags, &command](std::ostream& out, std::ostream& err) {
    return run_ranks(flags->training, command,
                     [&](Communicator& ranks) { return run(*flags, command, ranks, out, err); });
  };
}

}  // namespace albert::apps
