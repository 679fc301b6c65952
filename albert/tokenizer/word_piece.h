#pragma once
#include <memory>
#include <string>

#include "albert/tokenizer/pipeline/pipeline.h"
#include "albert/tokenizer/pipeline/word_model.h"
#include "albert/tokenizer/special_tokens.h"

namespace albert {

// The pieces of a vocab.txt, one a line, counted as transformers counts them: a blank line, a
// doubled one and one that begins with a byte order mark are pieces, too, and of doubled ones the
// last is found. White space at the end of a line is not of the piece. Error(kBadData) for a line
// that is not UTF-8.
std::vector<std::string> read_vocabulary_lines(const std::string& name, const std::string& bytes);

// BertTokenizer, which the Chinese releases use: its normaliser, white space and punctuation, and
// WordPiece (docs/albert.md, tokenizer). Under Preprocessing::kGoogle as Google's tokenization.py:
// words of up to 200 characters, and only controls and formats are dropped.
std::unique_ptr<const Pipeline> make_word_piece(const std::string& name,
                                                std::vector<std::string> pieces,
                                                const TokenizerConfig& config,
                                                const ResolvedTokens& tokens);

// What the normaliser does under `config`.
BertRules bert_rules(const TokenizerConfig& config);
size_t max_chars_per_word(const TokenizerConfig& config);

}  // namespace albert
