#include "albert/tokenizer/unigram.h"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>

#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

using Type = SentenceModel::Type;

constexpr float kUnknownPenalty = 10;  // below the worst piece
constexpr double kUserDefinedCost = 0.1;

std::string byte_piece(size_t byte) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  return std::string("<0x") + kDigits[byte >> 4] + kDigits[byte & 15] + ">";
}

// The ids of <0x00> to <0xFF>, if the vocabulary has them all as pieces of bytes.
std::optional<std::array<int32_t, 256>> byte_ids(const SentenceModel& model) {
  std::unordered_map<std::string_view, int32_t> found;
  for (size_t id = 0; id < model.pieces.size(); ++id)
    if (model.pieces[id].type == Type::kByte)
      found.emplace(model.pieces[id].text, static_cast<int32_t>(id));
  std::array<int32_t, 256> ids{};
  for (size_t byte = 0; byte < ids.size(); ++byte) {
    const auto at = found.find(byte_piece(byte));
    if (at == found.end()) return std::nullopt;
    ids[byte] = at->second;
  }
  return ids;
}

}  // namespace

Unigram::Unigram(const SentenceModel& model) : bytes_(byte_ids(model)) {
  float lowest = std::numeric_limits<float>::max();
  highest_ = std::numeric_limits<float>::min();
  PieceTrie::Entries entries;
  for (size_t i = 0; i < model.pieces.size(); ++i) {
    const auto& piece = model.pieces[i];
    const auto id = static_cast<int32_t>(i);
    scores_.push_back(piece.score);
    user_defined_.push_back(piece.type == Type::kUserDefined);
    if (piece.type == Type::kUnknown) unknown_ = id;
    if (piece.type == Type::kNormal) {
      lowest = std::min(lowest, piece.score);
      highest_ = std::max(highest_, piece.score);
    }
    if (piece.type == Type::kNormal || piece.type == Type::kUserDefined)
      entries.emplace_back(piece.text, id);
  }
  unknown_score_ = lowest - kUnknownPenalty;
  trie_ = PieceTrie(std::move(entries));
}

std::vector<Unigram::Cut> Unigram::encode(std::string_view text) const {
  const std::vector<Step> steps = best_paths(text);
  std::vector<Cut> cuts;
  for (size_t end = text.size(); end > 0; end = steps[end].begin) {
    const Step& step = steps[end];
    if (step.id == unknown_ && !bytes_ && !cuts.empty() && cuts.back().id == unknown_)
      cuts.back().begin = step.begin;
    else
      cuts.push_back({step.id, step.begin, end});
  }
  std::reverse(cuts.begin(), cuts.end());
  return bytes_ ? as_bytes(text, cuts) : cuts;
}

std::vector<Unigram::Step> Unigram::best_paths(std::string_view text) const {
  std::vector<Step> steps(text.size() + 1);
  for (size_t at = 0; at < text.size(); at += bytes_of_char(text, at)) extend(text, at, steps);
  return steps;
}

// Tries every piece that begins at `begin` on the best path up to there. The sums are rounded as
// SentencePiece's are: added and compared as double, kept as float.
void Unigram::extend(std::string_view text, size_t begin, std::vector<Step>& steps) const {
  const size_t one = bytes_of_char(text, begin);
  const float before = steps[begin].score;
  const auto offer = [&](size_t end, int32_t id, double score) {
    Step& step = steps[end];
    if (step.begin == kUnreached || score > static_cast<double>(step.score))
      step = {id, static_cast<float>(score), begin};
  };
  bool has_one = false;
  uint32_t node = PieceTrie::kRoot;
  for (size_t at = begin; at < text.size(); ++at) {
    if (!trie_.step(node, static_cast<unsigned char>(text[at]))) break;
    const int32_t id = trie_.value(node);
    if (id == PieceTrie::kNoValue) continue;
    const size_t length = at + 1 - begin, index = static_cast<size_t>(id);
    const double score =
        user_defined_[index]
            ? static_cast<double>(static_cast<float>(length) * highest_) - kUserDefinedCost
            : static_cast<double>(scores_[index]);
    offer(at + 1, id, score + static_cast<double>(before));
    has_one = has_one || length == one;
  }
  if (!has_one) offer(begin + one, unknown_, static_cast<double>(unknown_score_ + before));
}

std::vector<Unigram::Cut> Unigram::as_bytes(std::string_view text,
                                            const std::vector<Cut>& cuts) const {
  std::vector<Cut> result;
  for (const Cut& cut : cuts) {
    if (cut.id != unknown_) {
      result.push_back(cut);
      continue;
    }
    for (size_t at = cut.begin; at < cut.end; ++at)
      result.push_back({(*bytes_)[static_cast<unsigned char>(text[at])], cut.begin, cut.end});
  }
  return result;
}

}  // namespace albert
