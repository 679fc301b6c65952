#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace albert {

// Writes tokenised documents into one file: a header, the token ids (2 bytes each up to a
// vocabulary of 65,536, else 4), the token each sentence begins at, the sentence each document
// begins at, and an XXH3 checksum (128 bits) of all that.
class ShardWriter {
 public:
  ShardWriter(int64_t vocab_size, uint64_t fingerprint)
      : vocab_size_(vocab_size), fingerprint_(fingerprint) {}
  void add(const std::vector<std::vector<int32_t>>& document);
  int64_t tokens() const { return static_cast<int64_t>(ids_.size()); }
  int64_t sentences() const { return static_cast<int64_t>(sentences_.size()) - 1; }
  int64_t documents() const { return static_cast<int64_t>(documents_.size()) - 1; }
  // Writes the file atomically, returns its checksum in hex and is empty afterwards. Error(kIo).
  std::string write(const std::filesystem::path& path);

 private:
  int64_t vocab_size_;
  uint64_t fingerprint_;
  std::vector<int32_t> ids_;
  std::vector<uint32_t> sentences_{0}, documents_{0};
};

// A shard mapped into memory.
class Shard {
 public:
  // Checks the file down to its checksum. Error(kMissingInput), kIo; kBadData if it is not as it
  // was written.
  explicit Shard(const std::filesystem::path& path);
  ~Shard();
  Shard(Shard&& other) noexcept;
  Shard& operator=(Shard&&) = delete;
  Shard(const Shard&) = delete;

  uint64_t fingerprint() const { return fingerprint_; }
  int64_t vocab_size() const { return vocab_size_; }
  int64_t tokens() const { return tokens_; }
  int64_t documents() const { return static_cast<int64_t>(documents_.size()) - 1; }
  int64_t sentences() const { return static_cast<int64_t>(sentences_.size()) - 1; }
  const std::string& checksum() const { return checksum_; }

  std::span<const uint32_t> sentence_starts() const { return sentences_; }
  std::span<const uint32_t> document_starts() const { return documents_; }  // in sentences
  void append(int64_t sentence, std::vector<int32_t>& ids) const;

 private:
  void parse(const std::string& name);
  const unsigned char* data_ = nullptr;
  size_t size_ = 0;
  int64_t vocab_size_ = 0, tokens_ = 0;
  uint64_t fingerprint_ = 0;
  int token_bytes_ = 2;
  const unsigned char* ids_ = nullptr;
  std::span<const uint32_t> sentences_, documents_;
  std::string checksum_;
};

}  // namespace albert
