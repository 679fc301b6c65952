#pragma once
#include <string>
#include <vector>

#include "albert/tokenizer/tokenizer.h"
#include "albert/trainer/data/shard.h"

namespace albert {

constexpr const char* kManifestName = "manifest.json";

// A shard as the manifest describes it.
struct ShardEntry {
  std::filesystem::path path;
  std::string checksum;
  int64_t tokens = 0;
};
// The shards of a split, "train" or "validation". Error(kMissingInput) without a manifest;
// kBadData.
std::vector<ShardEntry> shards_of(const std::filesystem::path& folder, const std::string& split);
// Opens the shard. Error as Shard; kBadData if it is not the one that the manifest describes.
Shard open_shard(const ShardEntry& entry);

// One split of a prepared folder: the documents of all its shards, as sentences of ids.
class Corpus {
 public:
  // `split`: "train" or "validation". Checks manifest, shards and checksums. Error(kMissingInput),
  // kIo, kBadData; kMismatch if another tokenizer made the shards.
  Corpus(const std::filesystem::path& folder, const std::string& split, const Tokenizer& tokenizer);

  int64_t documents() const { return static_cast<int64_t>(places_.size()); }
  int64_t tokens() const { return tokens_; }
  int64_t sentences_of(int64_t document) const;
  int64_t length(int64_t document, int64_t sentence) const;  // tokens
  void append(int64_t document, int64_t sentence, std::vector<int32_t>& ids) const;
  const std::string& fingerprint() const { return fingerprint_; }  // of the shards' checksums

 private:
  struct Place {
    uint32_t shard, document;
  };
  const Shard& shard(int64_t document) const {
    return shards_[places_[static_cast<size_t>(document)].shard];
  }
  int64_t first_sentence(int64_t document) const;

  std::vector<Shard> shards_;
  std::vector<Place> places_;
  int64_t tokens_ = 0;
  std::string fingerprint_;
};

}  // namespace albert
