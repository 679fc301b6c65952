// Text to shards to examples: every kind of file, every kind of damage, Google's statistics.
#include <zlib.h>
#include <zstd.h>

#include <cmath>
#include <set>

#include "albert/kernels/backend.h"
#include "albert/trainer/data/corpus.h"
#include "albert/trainer/data/prepare.h"
#include "albert/trainer/data/pretraining_samples.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

const Tokenizer& tokenizer() {
  static const auto released =
      Tokenizer::from_pretrained(std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model");
  return *released;
}

std::string gzipped(const std::string& text) {
  std::string out(compressBound(text.size()) + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstded(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  TextReader reader(path);
  std::vector<std::string> lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  return lines;
}

std::vector<Document> documents_of(const std::filesystem::path& path,
                                   const DocumentOptions& options = {}) {
  DocumentReader reader(path, options);
  std::vector<Document> documents;
  for (Document d; reader.next(d);) documents.push_back(d);
  return documents;
}

// Documents of sentences of 3 to 30 words, the same for the same seed.
std::string made_text(int documents, uint64_t seed) {
  const char* words[] = {"the",   "captain", "of",           "a",     "ship",
                         "saw",   "whale",   "unbelievable", "sea",   "and",
                         "spoke", "merrily", "1,000",        "times", "antidisestablishment"};
  Random random(seed, 1, 1);
  std::string text;
  for (int d = 0; d < documents; ++d, text += "\n")
    for (uint64_t s = 0, n = 3 + random.below(30); s < n; ++s) {
      for (uint64_t w = 0, m = 3 + random.below(28); w < m; ++w)
        text += std::string(w > 0 ? " " : "") + words[random.below(15)];
      text += ".\n";
    }
  return text;
}

PrepareResult prepare_text(const std::filesystem::path& file, const std::filesystem::path& folder,
                           int threads = 2) {
  return prepare({.inputs = {file},
                  .output_dir = folder,
                  .documents = {},
                  .validation_split = 0.05,
                  .shard_tokens = 20000,
                  .threads = threads},
                 tokenizer(), [](const PrepareProgress&) {});
}

TEST(TextReader, PlainAndCompressedGiveTheSameLines) {
  const TemporaryFolder folder;
  std::string text = "one\r\ntwo\n\n";
  for (int i = 0; i < 60000; ++i) text += "line " + std::to_string(i) + "\n";
  text += "last";
  write_bytes(folder / "a.txt", text);
  write_bytes(folder / "a.gz",
              gzipped(text.substr(0, 5000)) + gzipped(text.substr(5000)));  // two members
  write_bytes(folder / "a.zst", zstded(text));
  const auto lines = lines_of(folder / "a.txt");
  ASSERT_EQ(lines.size(), 60004U);
  EXPECT_EQ(lines[0], "one");
  EXPECT_EQ(lines.back(), "last");
  EXPECT_EQ(lines_of(folder / "a.gz"), lines);
  EXPECT_EQ(lines_of(folder / "a.zst"), lines);
}

TEST(TextReader, ACutStreamIsAnErrorAndNoShorterText) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * 7919 % 10007) + "\n";
  for (const std::string& whole : {gzipped(text), zstded(text)})
    for (const size_t cut : {size_t{7}, whole.size() / 2, whole.size() - 1}) {
      write_bytes(folder / "cut", whole.substr(0, cut));
      EXPECT_EQ(refusal_of([&] { lines_of(folder / "cut"); }).code, ErrorCode::kBadData) << cut;
    }
  EXPECT_EQ(refusal_of([&] { lines_of(folder / "absent"); }).code, ErrorCode::kMissingInput);
  EXPECT_TRUE(refusal_of([&] { lines_of(folder.path()); }).says("is a folder"));
}

TEST(Documents, BlankLinesAndJsonLines) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.txt", "\n\na b\nc\n \n\nd\n");
  EXPECT_EQ(documents_of(folder / "a.txt"), (std::vector<Document>{{"a b", "c"}, {"d"}}));
  write_bytes(folder / "b.jsonl", "{\"text\": \"x\\ny\"}\n\n{\"text\": \"z\"}\n");
  EXPECT_EQ(documents_of(folder / "b.jsonl"), (std::vector<Document>{{"x", "y"}, {"z"}}));
  write_bytes(folder / "c.jsonl", "{\"text\": 3}\n");
  EXPECT_TRUE(refusal_of([&] {
                documents_of(folder / "c.jsonl");
              }).says("c.jsonl:1: not a JSON object with a text"));
}

TEST(Documents, BadTextIsNamedOrLeftOut) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.txt", "good\nb\xFFx\nfine\n" + std::string("nu\0l\n", 5));
  const Refusal r = refusal_of([&] { documents_of(folder / "a.txt"); });
  EXPECT_EQ(r.code, ErrorCode::kBadData);
  EXPECT_TRUE(r.says("a.txt:2:2: not UTF-8")) << r.what;
  EXPECT_EQ(documents_of(folder / "a.txt", {.skip_bad_lines = true}),
            (std::vector<Document>{{"good", "fine"}}));
  write_bytes(folder / "b.txt", std::string("nu\0l\n", 5));
  EXPECT_TRUE(refusal_of([&] { documents_of(folder / "b.txt"); }).says("b.txt:1:3: a NUL byte"));
  write_bytes(folder / "c.txt", std::string(10 << 20, 'a') + "\nend\n");
  EXPECT_EQ(documents_of(folder / "c.txt").at(0).at(0).size(), size_t{10} << 20);
}

TEST(Documents, SentencesAreCutAtTheirEnds) {
  EXPECT_EQ(split_sentences("Mr. A. Smith came. \"Why?\" he said. It cost 1.5 pounds! Yes."),
            (std::vector<std::string>{"Mr. A. Smith came.", "\"Why?\" he said.",
                                      "It cost 1.5 pounds!", "Yes."}));
}

TEST(Prepare, SameBytesForAnyNumberOfThreads) {
  const TemporaryFolder folder;
  write_bytes(folder / "t.txt", made_text(300, 1));
  const auto result = prepare_text(folder / "t.txt", folder / "s1", 1);
  EXPECT_EQ(result.documents, 300);
  EXPECT_GT(result.validation_documents, 0);
  EXPECT_GT(result.shards, 3);
  for (const int threads : {2, 5}) {
    const auto other = folder / ("s" + std::to_string(threads));
    prepare_text(folder / "t.txt", other, threads);
    for (const auto& entry : std::filesystem::directory_iterator(folder / "s1"))
      EXPECT_EQ(read_bytes(entry.path()), read_bytes(other / entry.path().filename().string()))
          << entry.path();
  }
  const Refusal again = refusal_of([&] { prepare_text(folder / "t.txt", folder / "s1"); });
  EXPECT_EQ(again.code, ErrorCode::kUsage);
  write_bytes(folder / "empty.txt", "\n\n");
  EXPECT_TRUE(
      refusal_of([&] { prepare_text(folder / "empty.txt", folder / "e"); }).says("no text in"));
}

TEST(Corpus, HoldsTheTextInOrder) {
  const TemporaryFolder folder;
  write_bytes(folder / "t.txt", "a b c\nthe dog\n\nthe cat .\n\n1999\n");
  prepare({.inputs = {folder / "t.txt"},
           .output_dir = folder / "s",
           .documents = {},
           .validation_split = 0},
          tokenizer(), [](const PrepareProgress&) {});
  const Corpus corpus(folder / "s", "train", tokenizer());
  ASSERT_EQ(corpus.documents(), 3);
  EXPECT_EQ(corpus.sentences_of(0), 2);
  std::vector<int32_t> ids;
  corpus.append(0, 1, ids);
  EXPECT_EQ(ids, tokenizer().ids("the dog"));
  EXPECT_EQ(Corpus(folder / "s", "validation", tokenizer()).documents(), 0);
}

TEST(Corpus, EveryDamageIsFound) {
  const TemporaryFolder folder;
  write_bytes(folder / "t.txt", made_text(12, 2));
  prepare_text(folder / "t.txt", folder / "s");
  const auto open = [&] { Corpus(folder / "s", "train", tokenizer()); };
  open();
  const auto shard = folder / "s/train-00000.shard";
  const std::string whole = read_bytes(shard);
  for (size_t at = 0; at < whole.size(); at += 1 + whole.size() / 300) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    write_bytes(shard, changed);
    EXPECT_EQ(refusal_of(open).code, ErrorCode::kBadData) << at;
    write_bytes(shard, whole.substr(0, at));
    EXPECT_EQ(refusal_of(open).code, ErrorCode::kBadData) << at;
  }
  write_bytes(shard, whole);
  const std::string manifest = read_bytes(folder / "s/manifest.json");
  write_bytes(folder / "s/manifest.json", manifest.substr(0, manifest.size() / 2));
  EXPECT_EQ(refusal_of(open).code, ErrorCode::kBadData);
  std::string other = manifest;
  other.replace(other.find("\"tokens\": ") + 10, 1, "9");
  write_bytes(folder / "s/manifest.json", other);
  EXPECT_TRUE(refusal_of(open).says("is not the shard that was written"));
  write_bytes(folder / "s/manifest.json", manifest);
  const auto google =
      Tokenizer::from_pretrained(std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model",
                                 TokenizerOptions{.preprocessing = Preprocessing::kGoogle});
  EXPECT_EQ(refusal_of([&] { Corpus(folder / "s", "train", *google); }).code, ErrorCode::kMismatch);
  std::filesystem::remove(folder / "s/manifest.json");
  EXPECT_EQ(refusal_of(open).code, ErrorCode::kMissingInput);
}

TEST(Random, PermutationsArePermutations) {
  for (const uint64_t n : {1, 2, 7, 64, 1000, 4097}) {
    std::set<uint64_t> seen;
    const Permutation order(n, 42, 3);
    for (uint64_t i = 0; i < n; ++i) seen.insert(order(i));
    EXPECT_EQ(seen.size(), n);
    EXPECT_EQ(*seen.rbegin(), n - 1);
  }
}

// Pearson's statistic; the bound is its mean plus five standard deviations, one in several million
// by chance.
void expect_shares(const std::vector<double>& counts, const std::vector<double>& shares,
                   const std::string& what) {
  double total = 0, statistic = 0;
  for (const double count : counts) total += count;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double expected = total * shares[i];
    statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  const auto freedom = static_cast<double>(counts.size() - 1);
  EXPECT_LT(statistic, freedom + 5 * std::sqrt(2 * freedom) + 5) << what;
  EXPECT_GT(total, 1000) << what;
}

TEST(Masking, FollowsGooglesShares) {
  const MaskingVocabulary vocabulary(tokenizer());
  std::vector<int32_t>
      words;  // pieces that begin words, so that n-grams of words are n-grams of tokens
  for (int32_t id = 5; id < vocabulary.size; ++id)
    if (vocabulary.starts_word[static_cast<size_t>(id)]) words.push_back(id);
  std::vector<double> kinds(3), ngrams(3), buckets(10), places(10);
  int64_t predictions = 0;
  for (uint64_t i = 0; predictions < 1'050'000; ++i) {
    Random random(7, 1, i);
    std::vector<int32_t> ids{vocabulary.cls};
    while (ids.size() < 401) ids.push_back(words[random.below(words.size())]);
    ids.push_back(vocabulary.sep);
    const auto original = ids;
    // Far below the quota, so that no n-gram was shrunk to fit it.
    const Masked masked = mask_tokens(ids, vocabulary, {.max_predictions_per_seq = 60}, random);
    ASSERT_EQ(masked.positions.size(), 60U);
    for (size_t k = 0; k + 3 < masked.ngrams.size(); ++k)
      ++ngrams[static_cast<size_t>(masked.ngrams[k] - 1)];
    for (size_t k = 0; k < masked.positions.size(); ++k) {
      const auto at = static_cast<size_t>(masked.positions[k]);
      ASSERT_EQ(masked.labels[k], original[at]);
      const int32_t now = masked.input_ids[at];
      ++kinds[now == vocabulary.mask ? 0 : now == original[at] ? 1 : 2];
      if (now != vocabulary.mask && now != original[at])
        ++buckets[static_cast<size_t>(now) * 10 / static_cast<size_t>(vocabulary.size)];
      if (at > 20 && at <= 380)
        ++places[(at - 21) / 36];  // n-grams begin anywhere but reach less far at the ends
    }
    predictions += static_cast<int64_t>(masked.positions.size());
  }
  expect_shares(kinds, {0.8, 0.1, 0.1}, "mask, keep, random");
  expect_shares(buckets, std::vector<double>(10, 0.1), "random pieces");
  expect_shares(places, std::vector<double>(10, 0.1), "positions");
  // A longer n-gram is likelier to touch what is covered and be left out: shares only near 6/11,
  // 3/11, 2/11.
  const double drawn = ngrams[0] + ngrams[1] + ngrams[2];
  EXPECT_NEAR(ngrams[0] / drawn, 6.0 / 11, 0.03);
  EXPECT_NEAR(ngrams[1] / drawn, 3.0 / 11, 0.02);
  EXPECT_NEAR(ngrams[2] / drawn, 2.0 / 11, 0.02);
}

TEST(Masking, FirstNgramsHaveExactlyTheirShares) {
  const MaskingVocabulary vocabulary(tokenizer());
  std::vector<double> shorter(3), longer(3);
  std::vector<int32_t> ids(60, 14);
  ids.front() = vocabulary.cls;
  ids.back() = vocabulary.sep;
  for (uint64_t i = 0; i < 200'000; ++i) {
    Random random(9, 1, i), again(9, 2, i);
    const Masked masked = mask_tokens(ids, vocabulary, {}, random);
    const Masked other = mask_tokens(ids, vocabulary, {.favor_shorter_ngram = false}, again);
    ASSERT_EQ(masked.positions.size(), 9U);
    if (masked.positions.front() < 57) ++shorter[static_cast<size_t>(masked.ngrams.front() - 1)];
    ++longer[static_cast<size_t>(other.ngrams.front() - 1)];
  }
  EXPECT_NEAR(shorter[0] / 200000, 6.0 / 11, 0.03);
  EXPECT_NEAR(longer[2] / 200000, 6.0 / 11, 0.03);
  EXPECT_LT(longer[0] / 200000, 0.25);
}

TEST(Masking, WholeWordsGoTogether) {
  const MaskingVocabulary vocabulary(tokenizer());
  std::vector<int32_t> ids{vocabulary.cls};
  for (const int32_t id :
       tokenizer().ids("unbelievableness antidisestablishmentarianism hippopotamuses"))
    ids.push_back(id);
  ids.push_back(vocabulary.sep);
  for (uint64_t i = 0; i < 500; ++i) {
    Random random(3, 1, i);
    const Masked masked = mask_tokens(ids, vocabulary, {.masked_lm_prob = 0.6, .ngram = 1}, random);
    const std::set<int32_t> positions(masked.positions.begin(), masked.positions.end());
    for (size_t at = 2; at + 1 < ids.size(); ++at)
      if (!vocabulary.starts_word[static_cast<size_t>(ids[at])]) {
        EXPECT_EQ(positions.count(static_cast<int32_t>(at)),
                  positions.count(static_cast<int32_t>(at) - 1));
      }
  }
}

struct Samples {
  Samples(int documents, uint64_t seed, int64_t length = 64) {
    write_bytes(folder / "t.txt", made_text(documents, 5));
    prepare_text(folder / "t.txt", folder / "s");
    corpus.emplace(folder / "s", "train", tokenizer());
    samples.emplace(*corpus, tokenizer(), PairOptions{.max_seq_length = length}, MaskingOptions{},
                    seed);
  }
  TemporaryFolder folder;
  std::optional<Corpus> corpus;
  std::optional<PretrainingSamples> samples;
};

TEST(PretrainingSamples, AreAFunctionOfSeedAndPosition) {
  const Samples a(60, 1), b(60, 1), c(60, 2);
  const int64_t pass = a.samples->size_of_pass(0);
  int differing = 0;
  for (int64_t i = 0; i < 300; ++i) {
    const int64_t p = (i * 7919) % (3 * pass);
    const auto x = a.samples->example(p), y = b.samples->example(p);
    EXPECT_EQ(x.input_ids, y.input_ids);
    EXPECT_EQ(x.masked_labels, y.masked_labels);
    EXPECT_EQ(x.sentence_order_label, y.sentence_order_label);
    differing += x.input_ids != c.samples->example(p).input_ids;
  }
  EXPECT_GT(differing, 290);
}

TEST(PretrainingSamples, HaveTheShapeOfAPair) {
  const Samples s(60, 3);
  for (int64_t p = 0; p < 500; ++p) {
    const auto e = s.samples->example(p);
    EXPECT_LE(e.input_ids.size(), 64U);
    EXPECT_EQ(e.input_ids.size(), e.token_type_ids.size());
    auto ids = e.input_ids;
    for (size_t i = 0; i < e.masked_positions.size(); ++i)
      ids[static_cast<size_t>(e.masked_positions[i])] = e.masked_labels[i];
    EXPECT_EQ(ids.front(), tokenizer().cls_id());
    EXPECT_EQ(ids.back(), tokenizer().sep_id());
    EXPECT_EQ(std::count(ids.begin(), ids.end(), tokenizer().sep_id()), 2);
    const auto middle =
        static_cast<size_t>(std::find(ids.begin(), ids.end(), tokenizer().sep_id()) - ids.begin());
    for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(e.token_type_ids[i], i > middle);
    EXPECT_FALSE(e.masked_positions.empty());
  }
}

TEST(PretrainingSamples, SwapHalfAndShortenATenth) {
  const Samples s(2000, 4);
  std::vector<double> orders(2);
  const int64_t pass = s.samples->size_of_pass(0);
  int64_t full = 0;
  std::set<std::vector<int32_t>> distinct;
  for (int64_t p = 0; p < pass; ++p) {
    const auto e = s.samples->example(p);
    if (!e.random_document) ++orders[static_cast<size_t>(e.sentence_order_label)];
    if (e.random_document) {
      EXPECT_EQ(e.sentence_order_label, 1);
    }
    full += e.input_ids.size() == 64;
    distinct.insert(e.input_ids);
  }
  for (int64_t p = pass; p < 120'000; ++p) {  // further passes: a hundredth more or less is seen
    const auto e = s.samples->example(p);
    if (!e.random_document) ++orders[static_cast<size_t>(e.sentence_order_label)];
  }
  expect_shares(orders, {0.5, 0.5}, "in order, swapped");
  EXPECT_GT(static_cast<double>(distinct.size()), 0.99 * static_cast<double>(pass));
  EXPECT_GT(static_cast<double>(full), 0.5 * static_cast<double>(pass));
}

}  // namespace
}  // namespace albert::testing
