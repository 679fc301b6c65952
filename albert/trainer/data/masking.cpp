#include "albert/trainer/data/masking.h"

#include <algorithm>
#include <cmath>

namespace albert {
namespace {

using Word = std::vector<int32_t>;  // positions

// [CLS] and [SEP] are no words; a piece that starts none joins the word before, across [SEP] too,
// as Google's does.
std::vector<Word> words_of(const std::vector<int32_t>& ids, const MaskingVocabulary& vocabulary,
                           bool whole_words) {
  std::vector<Word> words;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == vocabulary.cls || ids[i] == vocabulary.sep) continue;
    if (whole_words && !words.empty() && !vocabulary.starts_word[static_cast<size_t>(ids[i])])
      words.back().push_back(static_cast<int32_t>(i));
    else
      words.push_back({static_cast<int32_t>(i)});
  }
  return words;
}

// Python 3's round: halves to the even side.
int64_t predictions(size_t tokens, const MaskingOptions& options) {
  const auto wanted =
      static_cast<int64_t>(std::nearbyint(static_cast<double>(tokens) * options.masked_lm_prob));
  return std::min(options.max_predictions_per_seq, std::max<int64_t>(1, wanted));
}

// n in 1..ngram with probability proportional to 1 / n, or to 1 / (ngram + 1 - n).
int draw_ngram(const MaskingOptions& options, Random& random) {
  double total = 0;
  for (int n = 1; n <= options.ngram; ++n) total += 1.0 / n;
  double left = random.uniform() * total;
  for (int n = 1; n < options.ngram; ++n) {
    left -= 1.0 / (options.favor_shorter_ngram ? n : options.ngram + 1 - n);
    if (left < 0) return n;
  }
  return options.ngram;
}

void shuffle(std::vector<size_t>& order, Random& random) {
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
}

int32_t replacement(int32_t id, const MaskingVocabulary& vocabulary, Random& random) {
  if (random.uniform() < 0.8) return vocabulary.mask;
  if (random.uniform() < 0.5) return id;
  return static_cast<int32_t>(random.below(static_cast<uint64_t>(vocabulary.size)));
}

}  // namespace

MaskingVocabulary::MaskingVocabulary(const Tokenizer& tokenizer)
    : size(tokenizer.vocab_size()),
      cls(tokenizer.cls_id()),
      sep(tokenizer.sep_id()),
      mask(tokenizer.mask_id()) {
  for (int32_t id = 0; id < size; ++id) starts_word.push_back(tokenizer.starts_word(id));
}

Masked mask_tokens(std::vector<int32_t> ids, const MaskingVocabulary& vocabulary,
                   const MaskingOptions& options, Random& random) {
  Masked result;
  const std::vector<Word> words = words_of(ids, vocabulary, options.do_whole_word_mask);
  std::vector<size_t> order(words.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  shuffle(order, random);
  const auto quota = static_cast<size_t>(predictions(ids.size(), options));
  std::vector<bool> covered(ids.size());
  for (const size_t first : order) {
    if (result.positions.size() >= quota) break;
    // Shrunk until it fits what is left of the quota; left out where it still does not, or
    // something is covered.
    int n = std::min(draw_ngram(options, random), static_cast<int>(words.size() - first));
    const auto tokens_of = [&](int count) {
      size_t tokens = 0;
      for (int k = 0; k < count; ++k) tokens += words[first + static_cast<size_t>(k)].size();
      return tokens;
    };
    while (n > 0 && result.positions.size() + tokens_of(n) > quota) --n;
    bool free = n > 0;
    for (int k = 0; free && k < n; ++k)
      for (const int32_t at : words[first + static_cast<size_t>(k)])
        free = free && !covered[static_cast<size_t>(at)];
    if (!free) continue;
    result.ngrams.push_back(n);
    for (int k = 0; k < n; ++k)
      for (const int32_t at : words[first + static_cast<size_t>(k)]) {
        covered[static_cast<size_t>(at)] = true;
        result.positions.push_back(at);
      }
  }
  std::vector<int32_t> drawn = result.positions;
  std::sort(result.positions.begin(), result.positions.end());
  for (const int32_t at : result.positions) result.labels.push_back(ids[static_cast<size_t>(at)]);
  for (const int32_t at : drawn) {
    int32_t& id = ids[static_cast<size_t>(at)];
    id = replacement(id, vocabulary, random);
  }
  result.input_ids = std::move(ids);
  return result;
}

}  // namespace albert
