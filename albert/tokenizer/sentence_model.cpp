#include "albert/tokenizer/sentence_model.h"

#include <cmath>
#include <cstring>

#include "albert/base/error.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

constexpr size_t kMaxPieces = 1 << 20, kLongestPiece = 1024, kMaxCharsmap = 1 << 24;

// Fields of the protocol buffer, as sentencepiece_model.proto numbers them.
enum ModelField : uint32_t { kPieces = 1, kTrainerSpec = 2, kNormalizerSpec = 3 };
enum PieceField : uint32_t { kText = 1, kScore = 2, kType = 3 };
enum TrainerField : uint32_t { kModelType = 3, kWhitespaceAsSuffix = 24 };
enum NormalizerField : uint32_t {
  kCharsmap = 2,
  kAddDummyPrefix = 3,
  kRemoveExtra = 4,
  kEscape = 5
};
enum Wire : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct Field {
  uint32_t number = 0, wire = 0;
  uint64_t value = 0;      // kVarint, kFixed32
  std::string_view bytes;  // kBytes
};

// One message's fields, front to back.
class Reader {
 public:
  Reader(const std::string& name, std::string_view bytes) : name_(name), bytes_(bytes) {}

  bool next(Field& field) {
    if (at_ == bytes_.size()) return false;
    const uint64_t key = varint();
    field = {static_cast<uint32_t>(key >> 3), static_cast<uint32_t>(key & 7), 0, {}};
    switch (field.wire) {
      case kVarint: field.value = varint(); return true;
      case kFixed32: field.value = fixed<uint32_t>(); return true;
      case kFixed64: field.value = fixed<uint64_t>(); return true;
      case kBytes: field.bytes = take(varint()); return true;
      default: fail("has a field of wire type " + std::to_string(field.wire));
    }
  }
  [[noreturn]] void fail(const std::string& what) const {
    albert::fail(ErrorCode::kBadData, name_ + ": not a SentencePiece model: " + what);
  }

 private:
  std::string_view take(uint64_t n) {
    if (n > bytes_.size() - at_)
      fail("is cut short at byte " + std::to_string(at_) + " of a message");
    const std::string_view taken = bytes_.substr(at_, n);
    at_ += n;
    return taken;
  }
  template <class T>
  T fixed() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    fail("has a number of more than 64 bits");
  }

  const std::string& name_;
  std::string_view bytes_;
  size_t at_ = 0;
};

SentenceModel::Piece read_piece(const std::string& name, std::string_view bytes, size_t index) {
  Reader reader(name, bytes);
  SentenceModel::Piece piece;
  for (Field f; reader.next(f);) {
    if (f.number == kText && f.wire == kBytes) piece.text = f.bytes;
    if (f.number == kType && f.wire == kVarint) {
      if (f.value < 1 || f.value > 6)
        reader.fail("piece " + std::to_string(index) + " has an unknown type");
      piece.type = static_cast<SentenceModel::Type>(f.value);
    }
    if (f.number == kScore && f.wire == kFixed32) {
      const auto bits = static_cast<uint32_t>(f.value);
      std::memcpy(&piece.score, &bits, sizeof bits);
    }
  }
  const std::string which = "piece " + std::to_string(index);
  if (piece.text.empty() || piece.text.size() > kLongestPiece)
    reader.fail(which + " has " + std::to_string(piece.text.size()) + " bytes, wanted 1 to " +
                std::to_string(kLongestPiece));
  if (piece.text.find('\0') != std::string::npos || invalid_utf8(piece.text) != std::string::npos)
    reader.fail(which + " is not UTF-8 text");
  if (!std::isfinite(piece.score)) reader.fail(which + " has a score that is not finite");
  return piece;
}

void read_trainer(Reader reader, SentenceModel& model) {
  for (Field f; reader.next(f);) {
    if (f.number == kModelType && f.wire == kVarint) model.unigram = f.value == 1;
    if (f.number == kWhitespaceAsSuffix && f.wire == kVarint)
      model.whitespace_as_suffix = f.value != 0;
  }
}

void read_normalizer(Reader reader, SentenceModel& model) {
  for (Field f; reader.next(f);) {
    if (f.number == kCharsmap && f.wire == kBytes) model.charsmap = f.bytes;
    if (f.number == kAddDummyPrefix && f.wire == kVarint) model.add_dummy_prefix = f.value != 0;
    if (f.number == kRemoveExtra && f.wire == kVarint)
      model.remove_extra_whitespaces = f.value != 0;
    if (f.number == kEscape && f.wire == kVarint) model.escape_whitespaces = f.value != 0;
  }
}

// The charsmap is a double-array trie (Darts-clone's units) and the texts its leaves point to.
// SentencePiece follows it without looking: so every unit that can be reached, and every text, must
// lie inside.
class CharsmapCheck {
 public:
  CharsmapCheck(const std::string& place, const std::string& blob) : place_(place) {
    uint32_t trie_bytes = 0;
    if (blob.size() < sizeof trie_bytes || blob.size() > kMaxCharsmap)
      fail_because("has an impossible size");
    std::memcpy(&trie_bytes, blob.data(), sizeof trie_bytes);
    if (trie_bytes % 4 != 0 || trie_bytes == 0 || trie_bytes > blob.size() - sizeof trie_bytes)
      fail_because("has a trie that is longer than itself");
    units_.resize(trie_bytes / 4);
    std::memcpy(units_.data(), blob.data() + sizeof trie_bytes, trie_bytes);
    texts_ = blob.size() - sizeof trie_bytes - trie_bytes;
    if (texts_ == 0 || blob.back() != '\0') fail_because("has a last text without an end");
  }

  void run() {
    std::vector<bool> seen(units_.size());
    std::vector<size_t> open{0};
    seen[0] = true;
    while (!open.empty()) {
      const size_t node = open.back();
      open.pop_back();
      const uint32_t unit = units_[node];
      const size_t base = node ^ ((unit >> 10) << ((unit & (1U << 9)) >> 6));
      if ((base | 0xFF) >= units_.size()) fail_because("has a trie that leads outside itself");
      if ((unit >> 8 & 1) != 0 && (units_[base] & 0x7FFFFFFF) >= texts_)
        fail_because("leads to a text outside itself");
      for (uint32_t label = 1; label < 256; ++label) {
        const size_t child = base ^ label;
        if ((units_[child] & 0x800000FF) != label || seen[child]) continue;
        seen[child] = true;
        open.push_back(child);
      }
    }
  }

 private:
  [[noreturn]] void fail_because(const char* what) const {
    fail(ErrorCode::kBadData, place_, ": the charsmap ", what);
  }

  const std::string& place_;
  std::vector<uint32_t> units_;
  size_t texts_ = 0;
};

void check(const std::string& name, const Reader& reader, const SentenceModel& model) {
  size_t unknown = 0;
  for (const auto& piece : model.pieces) unknown += piece.type == SentenceModel::Type::kUnknown;
  if (model.pieces.empty()) reader.fail("it has no pieces");
  if (unknown != 1) reader.fail("it has " + std::to_string(unknown) + " unknown pieces, wanted 1");
  if (!model.unigram) reader.fail("it is not a unigram model, as ALBERT's are");
  if (!model.charsmap.empty()) check_charsmap(name, model.charsmap);
}

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}
void put_number(std::string& out, uint32_t field, uint64_t value) {
  put_varint(out, field << 3 | kVarint);
  put_varint(out, value);
}
void put_bytes(std::string& out, uint32_t field, std::string_view bytes) {
  put_varint(out, field << 3 | kBytes);
  put_varint(out, bytes.size());
  out += bytes;
}

}  // namespace

void check_charsmap(const std::string& place, const std::string& charsmap) {
  CharsmapCheck(place, charsmap).run();
}

SentenceModel parse_sentence_model(const std::string& name, std::string_view bytes) {
  Reader reader(name, bytes);
  SentenceModel model;
  for (Field f; reader.next(f);) {
    if (f.wire != kBytes) continue;
    if (f.number == kPieces) {
      if (model.pieces.size() == kMaxPieces) reader.fail("it has more than 2^20 pieces");
      model.pieces.push_back(read_piece(name, f.bytes, model.pieces.size()));
    }
    if (f.number == kTrainerSpec) read_trainer({name, f.bytes}, model);
    if (f.number == kNormalizerSpec) read_normalizer({name, f.bytes}, model);
  }
  check(name, reader, model);
  return model;
}

std::string write_sentence_model(const SentenceModel& model) {
  std::string out, trainer, normalizer;
  for (const auto& piece : model.pieces) {
    std::string message;
    put_bytes(message, kText, piece.text);
    put_varint(message, kScore << 3 | kFixed32);
    message.append(reinterpret_cast<const char*>(&piece.score), sizeof piece.score);
    put_number(message, kType, static_cast<uint64_t>(piece.type));
    put_bytes(out, kPieces, message);
  }
  put_number(trainer, kModelType, 1);
  put_bytes(out, kTrainerSpec, trainer);
  put_bytes(normalizer, kCharsmap, model.charsmap);
  put_number(normalizer, kAddDummyPrefix, model.add_dummy_prefix);
  put_number(normalizer, kRemoveExtra, model.remove_extra_whitespaces);
  put_number(normalizer, kEscape, model.escape_whitespaces);
  put_bytes(out, kNormalizerSpec, normalizer);
  return out;
}

}  // namespace albert
