#include "albert/trainer/data/shard.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cstring>
#include <utility>

#include "albert/base/atomic_file.h"
#include "albert/base/checksum.h"
#include "albert/base/error.h"
#include "albert/base/input_file.h"

namespace albert {
namespace {

constexpr char kMagic[8] = {'A', 'L', 'B', 'S', 'H', 'A', 'R', 'D'};
constexpr uint32_t kVersion = 1;
constexpr uint64_t kMax = uint64_t{1} << 32;  // tokens, sentences, documents: starts are 32 bits

struct Header {
  char magic[8];
  uint32_t version, token_bytes;
  uint64_t vocab_size, fingerprint, tokens, sentences, documents;
};

size_t padded(size_t bytes) { return (bytes + 7) / 8 * 8; }

void append_padded(std::string& out, const void* data, size_t bytes) {
  out.append(static_cast<const char*>(data), bytes);
  out.resize(padded(out.size()));
}

// Ascending from 0 to `last`.
bool well_ordered(std::span<const uint32_t> starts, uint64_t last) {
  if (starts.front() != 0 || starts.back() != last) return false;
  for (size_t i = 1; i < starts.size(); ++i)
    if (starts[i] < starts[i - 1]) return false;
  return true;
}

}  // namespace

void ShardWriter::add(const std::vector<std::vector<int32_t>>& document) {
  for (const auto& sentence : document) {
    if (sentence.empty()) continue;
    ids_.insert(ids_.end(), sentence.begin(), sentence.end());
    ALBERT_CHECK(ids_.size() < kMax, "a shard of more than 2^32 tokens");
    sentences_.push_back(static_cast<uint32_t>(ids_.size()));
  }
  const auto end = static_cast<uint32_t>(sentences_.size() - 1);
  if (end > documents_.back()) documents_.push_back(end);
}

std::string ShardWriter::write(const std::filesystem::path& path) {
  const uint32_t token_bytes = vocab_size_ <= 65536 ? 2 : 4;
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.token_bytes = token_bytes;
  header.vocab_size = static_cast<uint64_t>(vocab_size_);
  header.fingerprint = fingerprint_;
  header.tokens = ids_.size();
  header.sentences = sentences_.size() - 1;
  header.documents = documents_.size() - 1;
  std::string out;
  append_padded(out, &header, sizeof header);
  const std::vector<uint16_t> narrow(ids_.begin(), token_bytes == 2 ? ids_.end() : ids_.begin());
  append_padded(out, token_bytes == 2 ? static_cast<const void*>(narrow.data()) : ids_.data(),
                ids_.size() * token_bytes);
  append_padded(out, sentences_.data(), sentences_.size() * sizeof(uint32_t));
  append_padded(out, documents_.data(), documents_.size() * sizeof(uint32_t));
  const std::string checksum = xxh3_128(out.data(), out.size());
  out += checksum;
  write_file_atomically(path, out);
  *this = ShardWriter(vocab_size_, fingerprint_);
  return checksum;
}

Shard::Shard(const std::filesystem::path& path) {
  const std::string name = path.string();
  const Descriptor file(open_for_reading(path, O_NONBLOCK));
  struct stat status {};
  const bool regular = fstat(file.number(), &status) == 0 && S_ISREG(status.st_mode);
  size_ = regular ? static_cast<size_t>(status.st_size) : 0;
  if (size_ == 0) fail(ErrorCode::kBadData, name, ": is empty or no regular file, wanted a shard");
  void* mapped = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.number(), 0);
  if (mapped == MAP_FAILED)
    fail(ErrorCode::kIo, name, ": cannot map into memory: ", std::strerror(errno));
  data_ = static_cast<const unsigned char*>(mapped);
  try {
    parse(name);
  } catch (...) {
    munmap(mapped, size_);
    throw;
  }
}

Shard::Shard(Shard&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(other.size_),
      vocab_size_(other.vocab_size_),
      tokens_(other.tokens_),
      fingerprint_(other.fingerprint_),
      token_bytes_(other.token_bytes_),
      ids_(other.ids_),
      sentences_(other.sentences_),
      documents_(other.documents_),
      checksum_(std::move(other.checksum_)) {}

Shard::~Shard() {
  if (data_) munmap(const_cast<unsigned char*>(data_), size_);
}

void Shard::parse(const std::string& name) {
  constexpr size_t kChecksum = 32;
  Header header{};
  if (size_ < sizeof header + kChecksum) fail(ErrorCode::kBadData, name, ": too short for a shard");
  std::memcpy(&header, data_, sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0)
    fail(ErrorCode::kBadData, name, ": not a shard; albert prepare makes them from text");
  if (header.version != kVersion)
    fail(ErrorCode::kBadData, name, ": shard format ", header.version, ", this program reads ",
         kVersion);
  const bool sane = (header.token_bytes == 2 || header.token_bytes == 4) && header.tokens < kMax &&
                    header.sentences < kMax && header.documents < kMax && header.vocab_size < kMax;
  const size_t ids = padded(sizeof header),
               sentences = ids + padded(header.tokens * header.token_bytes),
               documents = sentences + padded((header.sentences + 1) * 4),
               end = documents + padded((header.documents + 1) * 4);
  if (!sane || size_ != end + kChecksum)
    fail(ErrorCode::kBadData, name, ": is ", size_, " bytes, its header says ", end + kChecksum,
         "; it was cut short or edited, run albert prepare again");
  checksum_.assign(reinterpret_cast<const char*>(data_ + end), kChecksum);
  if (xxh3_128(data_, end) != checksum_)
    fail(ErrorCode::kBadData, name,
         ": its checksum is wrong: it was edited or damaged, run albert prepare again");
  ids_ = data_ + ids;
  sentences_ = {reinterpret_cast<const uint32_t*>(data_ + sentences), header.sentences + 1};
  documents_ = {reinterpret_cast<const uint32_t*>(data_ + documents), header.documents + 1};
  if (!well_ordered(sentences_, header.tokens) || !well_ordered(documents_, header.sentences))
    fail(ErrorCode::kBadData, name, ": sentences or documents are out of order");
  vocab_size_ = static_cast<int64_t>(header.vocab_size);
  tokens_ = static_cast<int64_t>(header.tokens);
  fingerprint_ = header.fingerprint;
  token_bytes_ = static_cast<int>(header.token_bytes);
}

void Shard::append(int64_t sentence, std::vector<int32_t>& ids) const {
  const auto at = static_cast<size_t>(sentence);
  for (size_t i = sentences_[at]; i < sentences_[at + 1]; ++i) {
    uint32_t id = 0;
    std::memcpy(&id, ids_ + i * static_cast<size_t>(token_bytes_),
                static_cast<size_t>(token_bytes_));
    ids.push_back(static_cast<int32_t>(id));
  }
}

}  // namespace albert
