#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/tokenizer/pipeline/unigram_model.h"
#include "albert/tokenizer/pipeline/word_model.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

constexpr int64_t kMaxPieces = 1 << 20;

// A score as the library reads it: serde_json divides all digits by a power of ten, which differs
// in the last bit from the nearest double for one number in twenty. Cuts whose scores are equal but
// for the order of their sums follow that bit.
double read_by_digits(double score) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), std::abs(score),
                                 std::chars_format::scientific);
  const std::string_view all(text.data(), static_cast<size_t>(end.ptr - text.data()));
  const size_t mark = all.find('e');
  uint64_t digits = 0;
  int exponent = std::stoi(std::string(all.substr(mark + 1)));
  for (size_t i = 0; i < mark; ++i) {
    if (all[i] == '.') continue;
    digits = digits * 10 + static_cast<uint64_t>(all[i] - '0');
    exponent -= i > 1 ? 1 : 0;
  }
  const double power = std::strtod(("1e" + std::to_string(std::abs(exponent))).c_str(), nullptr);
  const auto value = static_cast<double>(digits);
  return std::copysign(exponent < 0 ? value / power : value * power, score);
}

std::unique_ptr<const WordModel> read_unigram(const JsonView& model) {
  const JsonView vocab = model.at("vocab");
  std::vector<std::string> pieces;
  std::vector<double> scores;
  if (vocab.size() == 0 || vocab.size() > kMaxPieces) vocab.fail_wanted("1 to 2^20 pieces");
  for (const auto& entry : vocab.raw()) {
    const bool good = entry.is_array() && entry.size() == 2 && entry[0].is_string() &&
                      entry[1].is_number() && std::isfinite(entry[1].get<double>());
    if (!good) vocab.item(pieces.size()).fail_wanted("a piece and its score");
    pieces.push_back(entry[0].get<std::string>());
    scores.push_back(read_by_digits(entry[1].get<double>()));
  }
  std::optional<int32_t> unknown;
  if (const auto id = model.find("unk_id")) {
    if (id->integer() < 0 || id->integer() >= static_cast<int64_t>(pieces.size()))
      id->fail_wanted("the place of a piece");
    unknown = static_cast<int32_t>(id->integer());
  }
  return make_unigram_model(PieceTable(std::move(pieces)), std::move(scores), unknown,
                            model.boolean_or("byte_fallback", false));
}

std::vector<std::string> read_pieces(const JsonView& vocab) {
  const auto& entries = vocab.object().raw();
  if (entries.empty() || entries.size() > kMaxPieces) vocab.fail_wanted("1 to 2^20 pieces");
  std::vector<std::string> pieces(entries.size());
  std::vector<bool> there(entries.size());
  for (const auto& [piece, value] : entries.items()) {
    const int64_t id = vocab.at(piece).integer();
    if (id < 0 || id >= static_cast<int64_t>(pieces.size()) || there[static_cast<size_t>(id)])
      vocab.at(piece).fail_wanted("ids from 0 up, every one once");
    there[static_cast<size_t>(id)] = true;
    pieces[static_cast<size_t>(id)] = piece;
  }
  return pieces;
}

std::unique_ptr<const WordModel> read_word_piece(const JsonView& model) {
  WordPieceRules rules;
  rules.unknown = model.at("unk_token").string();
  rules.continuation = model.string_or("continuing_subword_prefix", rules.continuation);
  const int64_t longest = model.integer_or("max_input_chars_per_word", 100);
  if (longest < 0) model.at("max_input_chars_per_word").fail_wanted("a number from 0 up");
  rules.max_chars_per_word = static_cast<size_t>(longest);
  return make_word_piece_model(model.place(), PieceTable(read_pieces(model.at("vocab"))),
                               std::move(rules));
}

}  // namespace

std::unique_ptr<const WordModel> read_word_model(const JsonView& model) {
  const auto type = model.find("type");
  if (type && type->string() == "Unigram") return read_unigram(model);
  if (type && type->string() == "WordPiece") return read_word_piece(model);
  if (type) type->fail_wanted(one_of({"Unigram", "WordPiece"}));
  // Files of the first versions do not name it.
  if (model.find("continuing_subword_prefix")) return read_word_piece(model);
  model.at("type");
  return nullptr;
}

}  // namespace albert
