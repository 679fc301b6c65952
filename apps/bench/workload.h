#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "albert/engine/model/config.h"
#include "albert/engine/sequences.h"

namespace albert::bench {

std::vector<std::string> released_sizes();  // "base", "large", ..
// Returns the config of a released size (v2, dropout 0), or of a config.json or model folder.
// Throws as AlbertConfig's readers do.
AlbertConfig config_of(const std::string& model);

// One batch of sequences, ready for a model.
struct Batch {
  Sequences inputs;
  int64_t sequences = 0;
  int64_t tokens = 0;         // without padding
  int64_t padded_tokens = 0;  // what an engine that pads to the longest computes
};

// Packs sequences of token type 0; there must be at least one.
Batch batch_of(std::vector<std::vector<int32_t>> input_ids);
// `count` batches of random ids, every sequence `length` long.
std::vector<Batch> fixed_batches(int64_t count, int64_t batch_size, int64_t length,
                                 int64_t vocab_size);

struct LengthSource {
  std::filesystem::path
      file;  // .jsonl with "input_ids" (albert tokenize --json), or text: a sequence a line
  std::string tokenizer;  // for text
  std::string task;       // name of a task, if `file` is that task's .tsv or .jsonl
};
// Returns consecutive batches of the file's sequences, each cut to max_length; at most `count`,
// spread evenly over the file. Error(kBadData); kMissingInput.
std::vector<Batch> batches_from(const LengthSource& source, int64_t count, int64_t batch_size,
                                int64_t max_length);

}  // namespace albert::bench
