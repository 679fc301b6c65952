#pragma once
#include <list>
#include <optional>

#include "albert/trainer/data/pretraining_samples.h"
#include "albert/trainer/data/recorded_examples.h"
#include "albert/trainer/tasks/pretraining_task.h"
#include "apps/cli/command.h"

namespace albert::apps {

// The options of albert pretrain that say which examples a run sees.
struct PretrainDataFlags {
  std::string data_dir, length_phases;
  std::vector<std::string> validation_data, from_tfrecord;
  PairOptions pairs;
  MaskingOptions masking;
  int64_t initial_batch_size = 0, batch_size_warmup_steps = 0;
};
void add_pretrain_data(Command& command, PretrainDataFlags& flags);
// Those that say how examples are cut, paired and masked.
void add_example_options(Command& command, PairOptions& pairs, MaskingOptions& masking);

// The streams of examples of a run, and the sets that it is evaluated on.
class PretrainData {
 public:
  // Error of Corpus and PretrainingSamples; kUsage for phases or names that make no sense.
  PretrainData(const PretrainDataFlags& flags, const Tokenizer& tokenizer, uint64_t seed,
               int64_t max_steps);

  // Of all that the run learns from.
  const std::string& fingerprint() const { return fingerprint_; }
  const std::string& description() const { return description_; }
  int64_t max_seq_length() const { return max_seq_length_; }
  const std::vector<const ExampleSource*>& phases() const { return phases_; }
  const std::vector<int64_t>& phase_starts() const { return phase_starts_; }
  const std::vector<HeldOutSet>& held_out() const { return held_out_; }

 private:
  void read_shards(int64_t max_steps, uint64_t seed);
  void read_records(uint64_t seed);
  void add_held_out(const std::string& name, const Corpus& corpus);
  void add_validation_data(const std::string& item);

  const PretrainDataFlags& flags_;
  const Tokenizer& tokenizer_;
  std::list<Corpus> corpora_;
  std::list<PretrainingSamples> samples_;
  std::optional<RecordedExamples> records_;
  std::string fingerprint_, description_;
  int64_t max_seq_length_ = 0;
  std::vector<const ExampleSource*> phases_;
  std::vector<int64_t> phase_starts_;
  std::vector<HeldOutSet> held_out_;
};

}  // namespace albert::apps
