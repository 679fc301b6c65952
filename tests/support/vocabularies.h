#pragma once
// One tokenizer of every kind: the released vocabulary under each option, one that is not encoded
// word by word, one without a charsmap, and WordPiece.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "albert/tokenizer/sentence_model.h"
#include "albert/tokenizer/tokenizer.h"

namespace albert::testing {

inline std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::shared_ptr<const Tokenizer> small_word_piece(const TokenizerOptions& options) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("albert-vocab-" + std::to_string(getpid()) + ".txt");
  std::ofstream(path)
      << "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##a\n##b\nthe\nÉ\né\ne\n##e\n1\n##1\n"
         "##2\n,\n.\n<\n漢\n字\n``\n\"\n'\nσ\n##ς\nss\nß\nf\n##i\n";
  auto tokenizer = Tokenizer::from_pretrained(path, options);
  std::filesystem::remove(path);
  return tokenizer;
}

inline std::vector<std::shared_ptr<const Tokenizer>> all_tokenizers() {
  const std::string path = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";
  const std::string bytes = bytes_of(path);
  const auto of = [&](const TokenizerOptions& options) {
    return Tokenizer::from_sentence_model(path, bytes, options);
  };
  SentenceModel blanks = parse_sentence_model(path, bytes);
  blanks.remove_extra_whitespaces = false;
  SentenceModel plain = parse_sentence_model(path, bytes);
  plain.charsmap.clear();
  plain.pieces.resize(4000);
  return {
      of({}),
      of({.do_lower_case = false, .keep_accents = true}),
      of({.keep_accents = true}),
      of({.preprocessing = Preprocessing::kGoogle}),
      Tokenizer::from_sentence_model("blanks", write_sentence_model(blanks)),
      Tokenizer::from_sentence_model("plain", write_sentence_model(plain), {.keep_accents = true}),
      small_word_piece({}),
      small_word_piece({.do_lower_case = false, .keep_accents = true})};
}

}  // namespace albert::testing
