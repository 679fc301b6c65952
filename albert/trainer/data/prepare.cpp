#include "albert/trainer/data/prepare.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "albert/base/atomic_file.h"
#include "albert/base/cores.h"
#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/trainer/data/corpus.h"
#include "albert/trainer/data/random.h"
#include "albert/trainer/data/shard.h"

namespace albert {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
struct Tokenised {
  std::vector<std::vector<int32_t>> sentences;
  ScriptCounts letters;
};

constexpr size_t kBlockBytes = 8 << 20;  // text that is tokenised at once

// Reads the documents of all inputs in their order, a block at a time.
class BlockReader {
 public:
  explicit BlockReader(const PrepareOptions& options)
      : inputs_(options.inputs), options_(options.documents), filter_(options.drop_duplicates) {}

  std::vector<Document> next() {
    std::vector<Document> block;
    size_t bytes = 0;
    Document document;
    while (bytes < kBlockBytes && read(document)) {
      if (!filter_.keep(document)) continue;
      for (const auto& sentence : document) bytes += sentence.size();
      block.push_back(std::move(document));
    }
    return block;
  }
  uint64_t bytes_read() const {
    return finished_bytes_ + (reader_ ? reader_->compressed_bytes() : 0);
  }
  int64_t skipped_lines() const { return skipped_; }
  const DuplicateFilter& filter() const { return filter_; }

 private:
  bool read(Document& document) {
    document.clear();
    while (true) {
      if (!reader_) {
        if (at_ == inputs_.size()) return !document.empty();
        reader_ = std::make_unique<DocumentReader>(inputs_[at_++], options_);
      }
      if (reader_->complete(document)) return true;
      finished_bytes_ += reader_->compressed_bytes();
      skipped_ += reader_->skipped_lines();
      reader_.reset();
      if (!options_.joins_files && !document.empty()) return true;
    }
  }

  const std::vector<fs::path>& inputs_;
  const DocumentOptions& options_;
  DuplicateFilter filter_;
  std::unique_ptr<DocumentReader> reader_;
  size_t at_ = 0;
  uint64_t finished_bytes_ = 0;
  int64_t skipped_ = 0;
};

Tokenised tokenise(const Document& document, const Tokenizer& tokenizer) {
  Tokenised made;
  for (const auto& sentence : document) {
    made.sentences.push_back(tokenizer.ids(sentence));
    made.letters.add(sentence);
  }
  return made;
}

void count(CorpusStatistics& statistics, const Tokenised& document, int32_t unknown_id) {
  int64_t length = 0;
  for (const auto& sentence : document.sentences) {
    const auto tokens = static_cast<int64_t>(sentence.size());
    statistics.sentences.add(tokens);
    statistics.unknown_pieces += std::count(sentence.begin(), sentence.end(), unknown_id);
    length += tokens;
  }
  statistics.documents.add(length);
  statistics.pieces += length;
  statistics.letters.add(document.letters);
}

// A document may go to any thread, but its result has a fixed place.
std::vector<Tokenised> tokenise_all(const std::vector<Document>& block, const Tokenizer& tokenizer,
                                    int threads) {
  std::vector<Tokenised> result(block.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i; (i = next++) < block.size();) result[i] = tokenise(block[i], tokenizer);
  };
  std::vector<std::future<void>> others;
  for (int t = 1; t < threads; ++t) others.push_back(std::async(std::launch::async, work));
  work();
  for (auto& other : others) other.get();
  return result;
}

// The shards of one split, each written when it is full.
class Split {
 public:
  Split(std::string name, const PrepareOptions& options, const Tokenizer& tokenizer)
      : name_(std::move(name)),
        options_(options),
        writer_(tokenizer.vocab_size(), tokenizer.fingerprint()) {}

  void add(const Tokenised& document) {
    writer_.add(document.sentences);
    if (writer_.tokens() >= options_.shard_tokens) flush();
  }
  void flush() {
    if (writer_.tokens() == 0) return;
    char file[64];
    std::snprintf(file, sizeof file, "%s-%05zu.shard", name_.c_str(), shards_.size());
    ordered_json entry{{"file", file},
                       {"tokens", writer_.tokens()},
                       {"sentences", writer_.sentences()},
                       {"documents", writer_.documents()}};
    tokens_ += writer_.tokens();
    sentences_ += writer_.sentences();
    documents_ += writer_.documents();
    entry["xxh3_128"] = writer_.write(options_.output_dir / file);
    shards_.push_back(entry);
  }
  const ordered_json& shards() const { return shards_; }
  int64_t tokens() const { return tokens_; }
  int64_t sentences() const { return sentences_; }
  int64_t documents() const { return documents_; }

 private:
  std::string name_;
  const PrepareOptions& options_;
  ShardWriter writer_;
  ordered_json shards_ = ordered_json::array();
  int64_t tokens_ = 0, sentences_ = 0, documents_ = 0;
};

bool is_held_out(uint64_t document, double share) {
  if (share <= 0) return false;
  return document == 1 || Random(0, 0x5B117, document).uniform() < share;
}

void make_folder(const PrepareOptions& options) {
  std::error_code error;
  if (fs::exists(options.output_dir / kManifestName, error) && !options.overwrite)
    fail(ErrorCode::kUsage, options.output_dir.string(),
         ": found shards in it, wanted an empty folder; choose another --output_dir, or "
         "--overwrite_output_dir to replace them");
  fs::remove(options.output_dir / kManifestName, error);
  fs::create_directories(options.output_dir, error);
  if (error)
    fail(ErrorCode::kIo, options.output_dir.string(),
         ": cannot make the folder: ", error.message());
  for (const auto& entry : fs::directory_iterator(options.output_dir))
    if (entry.path().extension() == ".shard") fs::remove(entry.path(), error);
}

void write_manifest(const PrepareOptions& options, const Tokenizer& tokenizer, const Split& train,
                    const Split& validation, const CorpusStatistics& statistics) {
  ordered_json sources = ordered_json::array();
  for (const auto& input : options.inputs)
    sources.push_back({{"file", input.filename().string()}, {"bytes", fs::file_size(input)}});
  const ordered_json manifest{{"format", 1},
                              {"vocab_size", tokenizer.vocab_size()},
                              {"tokenizer", std::to_string(tokenizer.fingerprint())},
                              {"split_sentences", options.documents.split_sentences},
                              {"joins_files", options.documents.joins_files},
                              {"sources", sources},
                              {"statistics", ordered_json::parse(statistics.to_json())},
                              {"train", train.shards()},
                              {"validation", validation.shards()}};
  write_file_atomically(options.output_dir / kManifestName, manifest.dump(1) + "\n");
}

uint64_t total_bytes(const std::vector<fs::path>& inputs) {
  uint64_t total = 0;
  for (const auto& input : inputs) total += InputFile(input).size();
  return total;
}

}  // namespace

PrepareResult prepare(const PrepareOptions& options, const Tokenizer& tokenizer,
                      const std::function<void(const PrepareProgress&)>& progress) {
  PrepareProgress at{.total_bytes = total_bytes(options.inputs)};
  make_folder(options);
  const int threads = options.threads > 0 ? options.threads : usable_cores();
  BlockReader reader(options);
  CorpusStatistics statistics;
  Split train("train", options, tokenizer), validation("validation", options, tokenizer);
  uint64_t number = 0;
  for (auto block = reader.next(); !block.empty();) {
    auto following = std::async(std::launch::async, [&] { return reader.next(); });
    const auto tokenised = tokenise_all(block, tokenizer, threads);
    for (const auto& document : tokenised) {
      count(statistics, document, tokenizer.unk_id());
      (is_held_out(number++, options.validation_split) ? validation : train).add(document);
    }
    block = following.get();
    at.tokens = statistics.pieces;
    at.bytes = reader.bytes_read();
    progress(at);
  }
  train.flush();
  validation.flush();
  if (train.tokens() == 0)
    fail(ErrorCode::kBadData, options.inputs.front().string(),
         options.inputs.size() > 1 ? " and the other files" : "",
         ": found no text, wanted a sentence or more");
  tokenizer.save_pretrained(options.output_dir);
  write_manifest(options, tokenizer, train, validation, statistics);
  return {train.documents() + validation.documents(),
          train.sentences() + validation.sentences(),
          train.tokens() + validation.tokens(),
          reader.skipped_lines(),
          static_cast<int64_t>(train.shards().size() + validation.shards().size()),
          validation.documents(),
          validation.tokens(),
          reader.filter().dropped_documents(),
          reader.filter().dropped_sentences(),
          statistics};
}

}  // namespace albert
