#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "albert/base/json.h"
#include "albert/tokenizer/piece_trie.h"
#include "albert/tokenizer/pipeline/points.h"
#include "albert/tokenizer/pipeline/unigram_model.h"

namespace albert {
namespace {

constexpr double kUnknownPenalty = 10;  // below the worst piece

std::string byte_piece(unsigned char byte) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  return std::string("<0x") + kDigits[byte >> 4] + kDigits[byte & 15] + ">";
}

// The best path to one place of the text.
struct Step {
  int32_t id = 0;
  double score = 0;
  size_t begin = kUnreached;
  static constexpr size_t kUnreached = ~size_t{0};
};

class UnigramModel final : public WordModel {
 public:
  UnigramModel(PieceTable table, std::vector<double> scores, std::optional<int32_t> unknown,
               bool byte_fallback)
      : table_(std::move(table)),
        scores_(std::move(scores)),
        unknown_(unknown),
        byte_fallback_(byte_fallback) {
    PieceTrie::Entries entries;
    double lowest = std::numeric_limits<double>::infinity();
    for (size_t id = 0; id < scores_.size(); ++id) {
      lowest = std::min(lowest, scores_[id]);
      const std::string& piece = table_.pieces()[id];
      if (!piece.empty() && table_.id_of(piece) == static_cast<int32_t>(id))
        entries.emplace_back(piece, static_cast<int32_t>(id));
    }
    unknown_score_ = lowest - kUnknownPenalty;
    trie_ = PieceTrie(std::move(entries));
  }

  std::vector<Cut> encode(std::string_view part) const override {
    std::vector<Cut> cuts;
    for (const auto& [begin, end] : best_cuts(part)) {
      const std::string_view text = part.substr(begin, end - begin);
      if (const auto id = table_.id_of(text))
        cuts.push_back({*id, begin, end});
      else if (!append_bytes(text, begin, cuts))
        cuts.push_back({unknown_or_fail(text), begin, end});
    }
    return cuts;
  }
  const PieceTable& table() const override { return table_; }
  const std::string& continuation() const override { return no_continuation_; }
  int32_t unknown() const override { return unknown_.value_or(0); }

 private:
  int32_t unknown_or_fail(std::string_view text) const {
    if (unknown_) return *unknown_;
    fail(ErrorCode::kBadData, "found ", text, ", which has no piece, and no unk_id in the model");
  }

  // Neighbouring characters without a piece are one.
  std::vector<std::pair<size_t, size_t>> best_cuts(std::string_view text) const {
    const std::vector<Step> steps = best_paths(text);
    std::vector<std::pair<size_t, size_t>> cuts;
    bool behind_unknown = false;
    for (size_t end = text.size(); end > 0; end = steps[end].begin) {
      const bool unknown = unknown_ && steps[end].id == *unknown_;
      if (unknown && behind_unknown)
        cuts.back().first = steps[end].begin;
      else
        cuts.emplace_back(steps[end].begin, end);
      behind_unknown = unknown;
    }
    std::reverse(cuts.begin(), cuts.end());
    return cuts;
  }

  std::vector<Step> best_paths(std::string_view text) const {
    std::vector<Step> steps(text.size() + 1);
    for (size_t begin = 0; begin < text.size(); begin += bytes_of_lead(text[begin])) {
      const double before = steps[begin].score;
      const size_t one = bytes_of_lead(text[begin]);
      bool has_one = false;
      uint32_t node = PieceTrie::kRoot;
      for (size_t at = begin; at < text.size(); ++at) {
        if (!trie_.step(node, static_cast<unsigned char>(text[at]))) break;
        const int32_t id = trie_.value(node);
        if (id == PieceTrie::kNoValue) continue;
        offer(steps[at + 1], id, scores_[static_cast<size_t>(id)] + before, begin);
        has_one = has_one || at + 1 - begin == one;
      }
      if (!has_one) offer(steps[begin + one], unknown_.value_or(0), unknown_score_ + before, begin);
    }
    return steps;
  }
  static void offer(Step& step, int32_t id, double score, size_t begin) {
    if (step.begin == Step::kUnreached || score > step.score) step = {id, score, begin};
  }

  // The pieces of the text's bytes, if the model falls back to them and has them all.
  bool append_bytes(std::string_view text, size_t begin, std::vector<Cut>& cuts) const {
    if (!byte_fallback_) return false;
    const size_t before = cuts.size();
    for (const char c : text) {
      const auto id = table_.id_of(byte_piece(static_cast<unsigned char>(c)));
      if (!id) {
        cuts.resize(before);
        return false;
      }
      cuts.push_back({*id, begin, begin + text.size()});
    }
    return true;
  }

  PieceTable table_;
  std::vector<double> scores_;
  std::optional<int32_t> unknown_;
  bool byte_fallback_;
  std::string no_continuation_;
  PieceTrie trie_;
  double unknown_score_ = 0;
};

}  // namespace

std::unique_ptr<const WordModel> make_unigram_model(PieceTable table, std::vector<double> scores,
                                                    std::optional<int32_t> unknown,
                                                    bool byte_fallback) {
  return std::make_unique<const UnigramModel>(std::move(table), std::move(scores), unknown,
                                              byte_fallback);
}

}  // namespace albert
