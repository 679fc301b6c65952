#include "albert/trainer/data/masking.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace albert {
namespace {

using Word = std::vector<int32_t>;  // positions

// The words of a sequence, without [CLS] and [SEP]. A piece that starts no word belongs to the word
// before it, even across [SEP], as in Google's script.
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

// How many tokens to predict; rounds half to even, as Python does.
int64_t predictions(size_t tokens, const MaskingOptions& options) {
  if (options.masked_lm_prob == 0) return 0;
  const auto wanted =
      static_cast<int64_t>(std::nearbyint(static_cast<double>(tokens) * options.masked_lm_prob));
  return std::min(options.max_predictions_per_seq, std::max<int64_t>(1, wanted));
}

// Draws n from 1 to ngram with a probability proportional to 1 / n, or to 1 / (ngram + 1 - n).
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

std::vector<size_t> shuffled(size_t n, Random& random) {
  std::vector<size_t> order(n);
  for (size_t i = 0; i < n; ++i) order[i] = i;
  for (size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

size_t tokens_of(std::span<const Word> words) {
  size_t tokens = 0;
  for (const Word& word : words) tokens += word.size();
  return tokens;
}

bool touches(std::span<const Word> words, const std::vector<bool>& covered) {
  for (const Word& word : words)
    for (const int32_t at : word)
      if (covered[static_cast<size_t>(at)]) return true;
  return false;
}

struct Choice {
  std::vector<int32_t> positions;  // in the order they were drawn
  std::vector<int32_t> ngrams;     // words of each n-gram
};

// An n-gram is shrunk until it fits the rest of the quota. It is left out if one word is still too
// many, or if it touches one that was chosen before.
Choice choose(const std::vector<Word>& words, size_t tokens, const MaskingOptions& options,
              Random& random) {
  Choice choice;
  const auto quota = static_cast<size_t>(predictions(tokens, options));
  std::vector<bool> covered(tokens);
  for (const size_t first : shuffled(words.size(), random)) {
    if (choice.positions.size() >= quota) break;
    const auto n = static_cast<size_t>(draw_ngram(options, random));
    auto ngram = std::span(words).subspan(first, std::min(n, words.size() - first));
    while (!ngram.empty() && choice.positions.size() + tokens_of(ngram) > quota)
      ngram = ngram.first(ngram.size() - 1);
    if (ngram.empty() || touches(ngram, covered)) continue;
    choice.ngrams.push_back(static_cast<int32_t>(ngram.size()));
    for (const Word& word : ngram)
      for (const int32_t at : word) {
        covered[static_cast<size_t>(at)] = true;
        choice.positions.push_back(at);
      }
  }
  return choice;
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
  Choice choice =
      choose(words_of(ids, vocabulary, options.do_whole_word_mask), ids.size(), options, random);
  Masked result;
  result.ngrams = std::move(choice.ngrams);
  result.positions = choice.positions;
  std::sort(result.positions.begin(), result.positions.end());
  for (const int32_t at : result.positions) result.labels.push_back(ids[static_cast<size_t>(at)]);
  for (const int32_t at : choice.positions) {
    int32_t& id = ids[static_cast<size_t>(at)];
    id = replacement(id, vocabulary, random);
  }
  result.input_ids = std::move(ids);
  return result;
}

}  // namespace albert
