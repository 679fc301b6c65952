#include "albert/trainer/data/corpus.h"

#include "albert/base/checksum.h"
#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"

namespace albert {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t kMaxManifest = 64 << 20;

nlohmann::json read_manifest(const fs::path& folder) {
  const fs::path path = folder / kManifestName;
  std::error_code error;
  if (!fs::exists(path, error))
    fail(ErrorCode::kMissingInput, path.string(),
         ": not there; albert prepare makes shards and manifest from text");
  auto manifest = parse_json(path.string(), read_text_file(path, kMaxManifest));
  if (JsonView(path.string(), manifest).integer_or("format", 0) != 1)
    fail(ErrorCode::kBadData, path.string(), ": not a manifest that this program reads (format 1)");
  return manifest;
}

}  // namespace

std::vector<ShardEntry> shards_of(const fs::path& folder, const std::string& split) {
  const std::string name = (folder / kManifestName).string();
  const nlohmann::json manifest = read_manifest(folder);
  std::vector<ShardEntry> entries;
  const JsonView shards = JsonView(name, manifest).at(split);
  for (size_t i = 0; i < shards.size(); ++i) {
    const JsonView entry = shards.item(i), file = entry.at("file");
    if (fs::path(file.string()).filename() != file.string()) file.fail_wanted("a file's name");
    entries.push_back(
        {folder / file.string(), entry.at("xxh3_128").string(), entry.at("tokens").integer()});
  }
  return entries;
}

Shard open_shard(const ShardEntry& entry) {
  Shard shard(entry.path);
  if (shard.checksum() != entry.checksum || shard.tokens() != entry.tokens)
    fail(ErrorCode::kBadData, (entry.path.parent_path() / kManifestName).string(), ": ",
         entry.path.filename().string(),
         " is not the shard that was written; run albert prepare again");
  return shard;
}

Corpus::Corpus(const fs::path& folder, const std::string& split, const Tokenizer& tokenizer) {
  std::string checksums;
  for (const ShardEntry& entry : shards_of(folder, split)) {
    const Shard& shard = shards_.emplace_back(open_shard(entry));
    if (shard.fingerprint() != tokenizer.fingerprint() ||
        shard.vocab_size() != tokenizer.vocab_size())
      fail(ErrorCode::kMismatch, entry.path.string(),
           ": was made with another vocabulary or other tokenizer options; prepare the text with "
           "this tokenizer");
    checksums += shard.checksum();
  }
  for (uint32_t s = 0; s < shards_.size(); ++s) {
    tokens_ += shards_[s].tokens();
    for (uint32_t d = 0; d < shards_[s].documents(); ++d) places_.push_back({s, d});
  }
  fingerprint_ = xxh3_128(checksums.data(), checksums.size());
}

int64_t Corpus::first_sentence(int64_t document) const {
  return shard(document).document_starts()[places_[static_cast<size_t>(document)].document];
}

int64_t Corpus::sentences_of(int64_t document) const {
  return shard(document).document_starts()[places_[static_cast<size_t>(document)].document + 1] -
         first_sentence(document);
}

int64_t Corpus::length(int64_t document, int64_t sentence) const {
  const auto starts = shard(document).sentence_starts();
  const auto at = static_cast<size_t>(first_sentence(document) + sentence);
  return starts[at + 1] - starts[at];
}

void Corpus::append(int64_t document, int64_t sentence, std::vector<int32_t>& ids) const {
  shard(document).append(first_sentence(document) + sentence, ids);
}

}  // namespace albert
