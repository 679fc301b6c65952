#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace albert {

// What a spiece.model says, read with care before SentencePiece sees it (its own loader trusts too
// much).
struct SentenceModel {
  enum class Type : uint8_t {
    kNormal = 1,
    kUnknown = 2,
    kControl = 3,
    kUserDefined = 4,
    kUnused = 5,
    kByte = 6
  };
  struct Piece {
    std::string text;
    float score = 0;
    Type type = Type::kNormal;
  };
  std::vector<Piece> pieces;
  bool unigram = true;
  bool add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
  bool whitespace_as_suffix = false;
  std::string charsmap;  // the compiled rules of the normaliser
};

// Error(kBadData) "name: what is wrong" for anything cut, overlapping, oversized or out
// of range: pieces up to 2^20 of up to 1 KiB, finite scores, exactly one unknown piece, a charsmap
// whose trie stays inside itself.
SentenceModel parse_sentence_model(const std::string& name, std::string_view bytes);

// Error(kBadData) "place: the charsmap .." where its trie or its texts lead outside it.
void check_charsmap(const std::string& place, const std::string& charsmap);

// The same as bytes that SentencePiece loads; for vocabularies that come from tokenizer.json.
std::string write_sentence_model(const SentenceModel& model);

}  // namespace albert
