#include "albert/trainer/data/pretraining_samples.h"

#include <algorithm>

#include "albert/base/error.h"

namespace albert {
namespace {

constexpr int64_t kSpecials = 3;  // [CLS] A [SEP] B [SEP]
constexpr int kTries = 10;        // to draw another document

// Random numbers of different uses are independent.
enum Stream : uint64_t { kTarget = 1, kChunk = 2, kOrder = 3, kMasking = 4 };

uint64_t stream(Stream what, int64_t pass) { return static_cast<uint64_t>(pass) * 8 + what; }

// Takes tokens from the front or the back of the longer text, of b if they are equal, one at a
// time.
void truncate_pair(std::vector<int32_t>& a, std::vector<int32_t>& b, int64_t most, Random& random) {
  size_t begin[2] = {0, 0}, end[2] = {a.size(), b.size()};
  while (static_cast<int64_t>(end[0] - begin[0] + end[1] - begin[1]) > most) {
    const size_t longer = end[0] - begin[0] > end[1] - begin[1] ? 0 : 1;
    if (random.uniform() < 0.5)
      ++begin[longer];
    else
      --end[longer];
  }
  const auto cut = [](std::vector<int32_t>& ids, size_t from, size_t to) {
    ids.assign(ids.begin() + static_cast<int64_t>(from), ids.begin() + static_cast<int64_t>(to));
  };
  cut(a, begin[0], end[0]);
  cut(b, begin[1], end[1]);
}

}  // namespace

struct PretrainingSamples::Pass {
  int64_t number = 0;
  std::vector<Chunk> chunks;
};

PretrainingSamples::PretrainingSamples(const Corpus& corpus, const Tokenizer& tokenizer,
                                       const PairOptions& pairs, const MaskingOptions& masking,
                                       uint64_t seed)
    : corpus_(corpus), vocabulary_(tokenizer), pairs_(pairs), masking_(masking), seed_(seed) {
  if (corpus.documents() == 0)
    fail(ErrorCode::kBadData, "corpus: found no documents, wanted one or more");
  if (pairs.max_seq_length < 8)
    fail(ErrorCode::kUsage, "--max_seq_length ", pairs.max_seq_length, ": wanted 8 or more");
}

PretrainingSamples::~PretrainingSamples() = default;

int64_t PretrainingSamples::target_length(int64_t pass, int64_t document) const {
  Random random(seed_, stream(kTarget, pass), static_cast<uint64_t>(document));
  const int64_t most = pairs_.max_seq_length - kSpecials;
  if (random.uniform() >= pairs_.short_seq_prob) return most;
  return 2 + static_cast<int64_t>(random.below(static_cast<uint64_t>(most - 1)));
}

// Sentences are taken until there are `target` tokens; text A is a random number of the first. A
// single sentence leaves none for text B, which then comes from another document.
PretrainingSamples::Chunk PretrainingSamples::next_chunk(int64_t pass, int64_t document,
                                                         int64_t first, int64_t target,
                                                         Random& random) const {
  const int64_t sentences = corpus_.sentences_of(document);
  int64_t end = first, length = 0;
  while (end < sentences && length < target) length += corpus_.length(document, end++);
  random = Random(seed_, stream(kChunk, pass),
                  static_cast<uint64_t>(document) << 32 | static_cast<uint64_t>(first));
  const int64_t n = end - first,
                taken = n >= 2
                            ? 1 + static_cast<int64_t>(random.below(static_cast<uint64_t>(n - 1)))
                            : 1;
  return {static_cast<uint32_t>(document), static_cast<uint32_t>(first),
          static_cast<uint32_t>(first + taken), static_cast<uint32_t>(end), n == 1};
}

std::shared_ptr<const PretrainingSamples::Pass> PretrainingSamples::make_pass(
    int64_t number) const {
  auto made = std::make_shared<Pass>();
  made->number = number;
  Random unused(0, 0, 0);
  for (int64_t d = 0; d < corpus_.documents(); ++d) {
    const int64_t target = target_length(number, d);
    for (int64_t at = 0; at < corpus_.sentences_of(d);) {
      made->chunks.push_back(next_chunk(number, d, at, target, unused));
      at = made->chunks.back().end;
    }
  }
  return made;
}

std::shared_ptr<const PretrainingSamples::Pass> PretrainingSamples::pass(int64_t number) const {
  if (!current_ || current_->number != number) current_ = make_pass(number);
  return current_;
}

int64_t PretrainingSamples::size_of_pass(int64_t number) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(pass(number)->chunks.size());
}

std::vector<int32_t> PretrainingSamples::random_document_text(int64_t document, int64_t length,
                                                              Random& random) const {
  int64_t other = document;
  for (int i = 0; i < kTries && other == document; ++i)
    other = static_cast<int64_t>(random.below(static_cast<uint64_t>(corpus_.documents())));
  std::vector<int32_t> ids;
  auto at = static_cast<int64_t>(random.below(static_cast<uint64_t>(corpus_.sentences_of(other))));
  for (; at < corpus_.sentences_of(other) && static_cast<int64_t>(ids.size()) < length; ++at)
    corpus_.append(other, at, ids);
  return ids;
}

struct PretrainingSamples::Place {
  std::shared_ptr<const Pass> pass;
  uint64_t index = 0;  // in the pass
};

PretrainingSamples::Place PretrainingSamples::place_of(int64_t position) const {
  const std::lock_guard lock(mutex_);
  while (first_of_pass_.back() <= position) {
    const auto next = static_cast<int64_t>(first_of_pass_.size()) - 1;
    first_of_pass_.push_back(first_of_pass_.back() +
                             static_cast<int64_t>(pass(next)->chunks.size()));
  }
  const auto next = std::upper_bound(first_of_pass_.begin(), first_of_pass_.end(), position);
  const int64_t number = next - first_of_pass_.begin() - 1;
  return {pass(number),
          static_cast<uint64_t>(position - first_of_pass_[static_cast<size_t>(number)])};
}

std::vector<int32_t> PretrainingSamples::sentences(uint32_t document, uint32_t first,
                                                   uint32_t end) const {
  std::vector<int32_t> ids;
  for (uint32_t s = first; s < end; ++s) corpus_.append(document, s, ids);
  return ids;
}

PretrainingExample PretrainingSamples::example(int64_t position) const {
  const auto [current, index] = place_of(position);
  const Permutation order(current->chunks.size(), seed_, stream(kOrder, current->number));
  const Chunk& listed = current->chunks[order(index)];
  const int64_t target = target_length(current->number, listed.document);
  Random random(0, 0, 0);
  const Chunk chunk = next_chunk(current->number, listed.document, listed.first, target, random);

  std::vector<int32_t> a = sentences(chunk.document, chunk.first, chunk.middle),
                       b = sentences(chunk.document, chunk.middle, chunk.end);
  PretrainingExample made;
  made.random_document = chunk.random_document;
  if (chunk.random_document) {
    const int64_t left = target - static_cast<int64_t>(a.size());
    b = random_document_text(chunk.document, std::max<int64_t>(1, left), random);
    made.sentence_order_label = 1;
  } else if (random.uniform() < 0.5) {
    std::swap(a, b);
    made.sentence_order_label = 1;
  }
  truncate_pair(a, b, pairs_.max_seq_length - kSpecials, random);
  Random masking(seed_, stream(kMasking, 0), static_cast<uint64_t>(position));
  fill(made, a, b, masking);
  return made;
}

// Puts the pair into one sequence and masks it.
void PretrainingSamples::fill(PretrainingExample& made, const std::vector<int32_t>& a,
                              const std::vector<int32_t>& b, Random& random) const {
  std::vector<int32_t> ids{vocabulary_.cls};
  ids.insert(ids.end(), a.begin(), a.end());
  ids.push_back(vocabulary_.sep);
  made.token_type_ids.assign(ids.size(), 0);
  ids.insert(ids.end(), b.begin(), b.end());
  ids.push_back(vocabulary_.sep);
  made.token_type_ids.resize(ids.size(), 1);
  Masked masked = mask_tokens(std::move(ids), vocabulary_, masking_, random);
  made.input_ids = std::move(masked.input_ids);
  made.masked_positions = std::move(masked.positions);
  made.masked_labels = std::move(masked.labels);
  made.ngrams = std::move(masked.ngrams);
}

}  // namespace albert
