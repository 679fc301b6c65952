#include "apps/pretrain_data.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "albert/base/error.h"
#include "albert/base/split.h"

namespace albert::apps {
namespace {

struct LengthPhase {
  int64_t length, end;  // tokens of an example; the first update behind the phase
};

[[noreturn]] void fail_phases(const std::string& text) {
  fail(ErrorCode::kUsage, "--length_phases: found '", text,
       "', wanted LENGTH:END,.. with ends that grow up to max_steps, as 128:0.9");
}

double number_in(const std::string& text, const std::string& all) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value > 0)) fail_phases(all);
  return value;
}

// "128:0.9": the first 90 % of the updates, or, of a number of 1 and more, so many.
std::vector<LengthPhase> phases_in(const std::string& text, int64_t max_steps) {
  std::vector<LengthPhase> phases;
  if (text.empty()) return phases;
  for (const std::string& item : split(text, ',')) {
    const auto parts = split(item, ':');
    if (parts.size() != 2) fail_phases(text);
    const double length = number_in(parts[0], text), end = number_in(parts[1], text);
    const auto steps =
        end < 1 ? std::llround(end * static_cast<double>(max_steps)) : static_cast<int64_t>(end);
    const int64_t before = phases.empty() ? 0 : phases.back().end;
    if (length != std::floor(length) || length > 1e6 || steps <= before || steps >= max_steps)
      fail_phases(text);
    phases.push_back({static_cast<int64_t>(length), steps});
  }
  return phases;
}

bool is_name(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
}

}  // namespace

PretrainData::PretrainData(const PretrainDataFlags& flags, const Tokenizer& tokenizer,
                           uint64_t seed, int64_t max_steps)
    : flags_(flags), tokenizer_(tokenizer), max_seq_length_(flags.pairs.max_seq_length) {
  if (flags.from_tfrecord.empty())
    read_shards(max_steps, seed);
  else
    read_records(seed);
  if (!flags.data_dir.empty())
    add_held_out("", corpora_.emplace_back(flags.data_dir, "validation", tokenizer));
  for (const std::string& item : flags.validation_data) add_validation_data(item);
}

void PretrainData::read_shards(int64_t max_steps, uint64_t seed) {
  const Corpus& train = corpora_.emplace_back(flags_.data_dir, "train", tokenizer_);
  fingerprint_ = train.fingerprint();
  const auto add_phase = [&](int64_t length) {
    PairOptions pairs = flags_.pairs;
    pairs.max_seq_length = length;
    phases_.push_back(
        &samples_.emplace_back(train, tokenizer_, pairs, flags_.masking, seed + phases_.size()));
  };
  for (const LengthPhase& phase : phases_in(flags_.length_phases, max_steps)) {
    if (phase.length > max_seq_length_)
      fail(ErrorCode::kUsage, "--length_phases: found ", phase.length,
           " tokens, wanted at most --max_seq_length ", max_seq_length_);
    add_phase(phase.length);
    phase_starts_.push_back(phase.end);
  }
  add_phase(max_seq_length_);
  description_ = std::to_string(train.tokens()) + " tokens";
}

void PretrainData::read_records(uint64_t seed) {
  if (!flags_.length_phases.empty())
    fail(ErrorCode::kUsage,
         "--length_phases: found records, whose lengths are fixed, wanted --data_dir alone");
  records_.emplace(
      std::vector<std::filesystem::path>(flags_.from_tfrecord.begin(), flags_.from_tfrecord.end()),
      tokenizer_.vocab_size(), seed);
  phases_.push_back(&*records_);
  fingerprint_ = records_->fingerprint();
  max_seq_length_ = records_->sizes().max_seq_length;
  description_ = std::to_string(flags_.from_tfrecord.size()) + " files of records";
}

void PretrainData::add_held_out(const std::string& name, const Corpus& corpus) {
  if (corpus.documents() == 0) return;
  samples_.emplace_back(corpus, tokenizer_, flags_.pairs, flags_.masking, 0);
  held_out_.push_back({name, &samples_.back()});
}

void PretrainData::add_validation_data(const std::string& item) {
  const size_t equals = item.find('=');
  const std::string name = item.substr(0, equals);
  const bool is_new = std::none_of(held_out_.begin(), held_out_.end(),
                                   [&](const HeldOutSet& set) { return set.name == name; });
  if (equals == std::string::npos || !is_name(name) || !is_new)
    fail(ErrorCode::kUsage, "--validation_data: found '", item,
         "', wanted NAME=DIR with a new name of letters, digits, _ and -");
  const std::string folder = item.substr(equals + 1);
  const Corpus* held_out = &corpora_.emplace_back(folder, "validation", tokenizer_);
  if (held_out->documents() == 0) held_out = &corpora_.emplace_back(folder, "train", tokenizer_);
  add_held_out(name, *held_out);
}

void add_example_options(Command& command, PairOptions& pairs, MaskingOptions& masking) {
  command.option("max_seq_length", pairs.max_seq_length, "tokens of an example");
  command.option("short_seq_prob", pairs.short_seq_prob,
                 "share of documents cut into shorter examples");
  command.option("masked_lm_prob", masking.masked_lm_prob, "share of tokens to predict");
  command.option("max_predictions_per_seq", masking.max_predictions_per_seq,
                 "most tokens to predict");
  command.option("ngram", masking.ngram, "longest run of words masked together");
  command.boolean("favor_shorter_ngram", masking.favor_shorter_ngram, "shorter runs are likelier");
  command.boolean("do_whole_word_mask", masking.do_whole_word_mask, "mask whole words");
  command.limit("short_seq_prob", 0, 1);
  command.limit("masked_lm_prob", 0, 1);
  for (const char* name : {"max_predictions_per_seq", "ngram"}) command.limit(name, 1);
  command.alias("masked_lm_prob", {"mlm_probability"});
}

void add_pretrain_data(Command& command, PretrainDataFlags& flags) {
  command.option("data_dir", flags.data_dir, "folder that albert prepare made");
  command.texts("from_tfrecord", flags.from_tfrecord, "FILE",
                "records of create_pretraining_data.py or prepare --to_tfrecord to learn from; "
                "data_dir, if given, is evaluated on");
  command.texts("validation_data", flags.validation_data, "NAME=DIR",
                "more prepared folders to evaluate on, their held-out part or, without one, all");
  add_example_options(command, flags.pairs, flags.masking);
  command.option("length_phases", flags.length_phases,
                 "LENGTH:END,.. phases of shorter examples, up to an update or a share of all "
                 "below 1: 128:0.9");
  command.option("initial_train_batch_size", flags.initial_batch_size,
                 "examples of the first update; 0: train_batch_size");
  command.option("batch_size_warmup_steps", flags.batch_size_warmup_steps,
                 "updates over which the batch grows to train_batch_size");
  for (const char* name : {"initial_train_batch_size", "batch_size_warmup_steps"})
    command.limit(name, 0);
}

}  // namespace albert::apps
