#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "albert/trainer/tasks/pretraining_recipes.h"
#include "albert/trainer/tasks/pretraining_task.h"
#include "apps/cli/training_flags.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

struct PretrainFlags {
  std::string data_dir, tokenizer, model, config, recipe;
  AlbertConfig sizes;
  PairOptions pairs;
  MaskingOptions masking;
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
                                std::ostream& err) {
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
        std::max<int64_t>(config.max_position_embeddings, flags.pairs.max_seq_length);
  }
  config.validate();
  return AlbertForPreTraining::from_config(config, options);
}

nlohmann::ordered_json frozen_settings(const PretrainFlags& flags, const AlbertConfig& config,
                                       const Corpus& corpus) {
  auto settings = flags.training.frozen_settings();
  settings["data"] = corpus.fingerprint();
  settings["config"] = nlohmann::json::parse(config.to_json());
  settings["model"] = flags.model;
  settings["max_seq_length"] = flags.pairs.max_seq_length;
  settings["short_seq_prob"] = flags.pairs.short_seq_prob;
  settings["masked_lm_prob"] = flags.masking.masked_lm_prob;
  settings["max_predictions_per_seq"] = flags.masking.max_predictions_per_seq;
  settings["ngram"] = flags.masking.ngram;
  settings["favor_shorter_ngram"] = flags.masking.favor_shorter_ngram;
  settings["do_whole_word_mask"] = flags.masking.do_whole_word_mask;
  return settings;
}

int run(const PretrainFlags& flags, const Command& command, Communicator& ranks, std::ostream& out,
        std::ostream& err) {
  if (!flags.recipe.empty() && !flags.training.common.quiet)
    print_recipe(flags.recipe, pretraining_recipe(flags.recipe), out);
  const auto tokenizer =
      Tokenizer::from_pretrained(flags.tokenizer.empty() ? flags.data_dir : flags.tokenizer);
  const Corpus train_corpus(flags.data_dir, "train", *tokenizer),
      held_out(flags.data_dir, "validation", *tokenizer);
  AlbertForPreTraining model = make_model(flags, *tokenizer, err);
  const auto order_dropout = sentence_order_dropout(flags, command);
  if (order_dropout) model.set_sentence_order_dropout(*order_dropout);
  const AlbertConfig& config = model.config();
  if (config.vocab_size < tokenizer->vocab_size() ||
      config.max_position_embeddings < flags.pairs.max_seq_length)
    fail(ErrorCode::kMismatch, "model: found a vocabulary of ", config.vocab_size, " and ",
         config.max_position_embeddings, " positions, wanted at least ", tokenizer->vocab_size(),
         " and ", flags.pairs.max_seq_length);
  const PretrainingSamples samples(train_corpus, *tokenizer, flags.pairs, flags.masking,
                                   flags.training.seed);
  std::optional<PretrainingSamples> validation;
  if (held_out.documents() > 0)
    validation.emplace(held_out, *tokenizer, flags.pairs, flags.masking, 0);
  PretrainingTask task(
      model, *tokenizer, samples, validation ? &*validation : nullptr,
      {.batch_size = flags.training.batch_size,
       .eval_examples = flags.eval_examples,
       .seed = flags.training.seed,
       .keep = flags.training.gradient_checkpointing ? Keep::kRecompute : Keep::kActivations});
  if (!flags.training.common.quiet)
    out << "pre-training " << model.parameters().count() << " parameters on "
        << train_corpus.tokens() << " tokens, " << samples.size_of_pass(0) << " examples a pass, "
        << flags.training.max_steps << " steps of " << flags.training.batch_size << " examples"
        << std::endl;
  LoopOptions loop = flags.training.loop(ranks);
  auto settings = frozen_settings(flags, config, train_corpus);
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
  command.required("data_dir", flags->data_dir, "folder that albert prepare made");
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
  command.option("max_seq_length", flags->pairs.max_seq_length, "tokens of an example");
  command.option("short_seq_prob", flags->pairs.short_seq_prob,
                 "share of documents cut into shorter examples");
  command.option("masked_lm_prob", flags->masking.masked_lm_prob, "share of tokens to predict");
  command.option("max_predictions_per_seq", flags->masking.max_predictions_per_seq,
                 "most tokens to predict");
  command.option("ngram", flags->masking.ngram, "longest run of words masked together");
  command.boolean("favor_shorter_ngram", flags->masking.favor_shorter_ngram,
                  "shorter runs are likelier");
  command.boolean("do_whole_word_mask", flags->masking.do_whole_word_mask, "mask whole words");
  command.option("eval_examples", flags->eval_examples, "held-out examples of an evaluation");
  command.limit("short_seq_prob", 0, 1);
  command.limit("masked_lm_prob", 0, 1);
  for (const char* name : {"max_predictions_per_seq", "ngram", "eval_examples"})
    command.limit(name, 1);
  command.alias("tokenizer", {"tokenizer_name", "spm_model_file", "vocab_file"});
  command.alias("model_name_or_path", {"init_checkpoint"});
  command.alias("config_name", {"albert_config_file"});
  command.alias("masked_lm_prob", {"mlm_probability"});
  add_training(command, flags->training);
  command.presets([flags] { return recipe_arguments(*flags); });
  return [flags, &command](std::ostream& out, std::ostream& err) {
    return run_ranks(flags->training, command,
                     [&](Communicator& ranks) { return run(*flags, command, ranks, out, err); });
  };
}

}  // namespace albert::apps
