#pragma once
#include <functional>

#include "albert/tokenizer/tokenizer.h"
#include "albert/trainer/data/corpus_statistics.h"
#include "albert/trainer/data/documents.h"
#include "albert/trainer/data/duplicates.h"

namespace albert {

struct PrepareOptions {
  std::vector<std::filesystem::path> inputs;
  std::filesystem::path output_dir;
  DocumentOptions documents = {};
  DropDuplicates drop_duplicates = DropDuplicates::kNone;
  double validation_split = 0.01;  // share of the documents that is held out, of two or more: one
  int64_t shard_tokens = 16 << 20;
  int threads = 0;  // 0: every core
  bool overwrite = false;
};

struct PrepareProgress {
  uint64_t bytes = 0, total_bytes = 0;  // of the files as they lie on the disk
  int64_t tokens = 0;
};

struct PrepareResult {
  int64_t documents = 0, sentences = 0, tokens = 0, skipped_lines = 0, shards = 0;
  int64_t validation_documents = 0, validation_tokens = 0;
  int64_t dropped_documents = 0, dropped_sentences = 0;  // as duplicates
  CorpusStatistics statistics = {};
};

// Tokenises text into train-00000.shard, validation-00000.shard and so on, beside them the
// tokenizer's files and, last, manifest.json. The bytes are the same for any number of threads. It
// holds two blocks of text and two shards in memory, and what DuplicateFilter says. Error(kUsage)
// if output_dir has a manifest already; kBadData, kMissingInput, kIo.
PrepareResult prepare(const PrepareOptions& options, const Tokenizer& tokenizer,
                      const std::function<void(const PrepareProgress&)>& progress);

}  // namespace albert
