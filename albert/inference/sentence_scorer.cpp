#include "albert/inference/sentence_scorer.h"

#include <algorithm>
#include <cmath>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/inference/batches.h"

namespace albert {
namespace {

TextEncoder encoder_of(const std::filesystem::path& folder, const AlbertConfig& config,
                       const SentenceScorerOptions& options) {
  if (options.batch_tokens < 1)
    fail(ErrorCode::kUsage, "batch_tokens ", options.batch_tokens, ": wanted 1 or more");
  return {Tokenizer::from_pretrained(folder), config, options.max_seq_length,
          config.max_position_embeddings};
}

// log(soft-max(logits)[word])
double log_probability(std::span<const float> logits, int32_t word) {
  const double largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return static_cast<double>(logits[static_cast<size_t>(word)]) - largest - std::log(sum);
}

// A token of a text that is masked in one pass.
struct ScoredToken {
  size_t text, token;
};

}  // namespace

PllMetric pll_metric_named(const std::string& name) {
  if (name == "original") return PllMetric::kOriginal;
  if (name == "within_word_l2r") return PllMetric::kWithinWordL2R;
  fail(ErrorCode::kUsage, "metric: found ", in_quotes(name), ", wanted ",
       one_of({"original", "within_word_l2r"}));
}

PseudoLikelihoodScorer PseudoLikelihoodScorer::from_pretrained(
    const std::filesystem::path& folder, const ModelOptions& model,
    const SentenceScorerOptions& options) {
  return {folder, encoder_of(folder, AlbertConfig::from_folder(folder), options),
          AlbertForMaskedLM::from_pretrained(folder, model), options};
}

PseudoLikelihoodScorer::PseudoLikelihoodScorer(const std::filesystem::path& folder,
                                               TextEncoder encoder, AlbertForMaskedLM model,
                                               const SentenceScorerOptions& options)
    : folder_(folder.string()),
      encoder_(std::move(encoder)),
      model_(std::move(model)),
      options_(options),
      warnings_(model_.load_report().warnings) {
  if (!encoder_.warning().empty()) warnings_.push_back(encoder_.warning());
}

std::vector<int32_t> PseudoLikelihoodScorer::masked(const TokenIds& text, size_t token) const {
  const Tokenizer& tokenizer = encoder_.tokenizer();
  std::vector<int32_t> ids = text.input_ids;
  ids[token] = tokenizer.mask_id();
  if (options_.metric == PllMetric::kWithinWordL2R)
    for (size_t i = token + 1; i < ids.size(); ++i) {
      if (tokenizer.is_special(ids[i]) || tokenizer.starts_word(ids[i])) break;
      ids[i] = tokenizer.mask_id();
    }
  return ids;
}

PseudoLikelihood PseudoLikelihoodScorer::score(std::string_view text) {
  const TokenIds one = encode(text);
  return score(std::span(&one, 1)).front();
}

std::vector<PseudoLikelihood> PseudoLikelihoodScorer::score(std::span<const TokenIds> texts) {
  std::vector<PseudoLikelihood> scores(texts.size());
  std::vector<ScoredToken> tokens;
  std::vector<size_t> lengths;
  for (size_t i = 0; i < texts.size(); ++i) {
    const size_t n = texts[i].input_ids.size();
    for (size_t token = 1; token + 1 < n; ++token) {
      tokens.push_back({i, token});
      lengths.push_back(n);
    }
    scores[i].log_probs.resize(n > 2 ? n - 2 : 0);
  }
  for_batches_by_tokens(lengths, options_.batch_tokens, [&](std::span<const size_t> which) {
    Sequences batch;
    std::vector<TokenPlace> places;
    for (const size_t i : which) {
      const auto [text, token] = tokens[i];
      places.push_back({batch.size(), static_cast<int64_t>(token)});
      batch.input_ids.push_back(masked(texts[text], token));
      batch.token_type_ids.push_back(texts[text].token_type_ids);
    }
    const HostTensor logits = model_.logits_at(batch, places).to(DType::kF32);
    for (size_t row = 0; row < which.size(); ++row) {
      const auto [text, token] = tokens[which[row]];
      const auto outputs = logits.row<float>(static_cast<int64_t>(row));
      check_finite(outputs, folder_ + ": ");
      scores[text].log_probs[token - 1] = log_probability(outputs, texts[text].input_ids[token]);
    }
  });
  for (PseudoLikelihood& score : scores)
    for (const double log_prob : score.log_probs) score.pll += log_prob;
  return scores;
}

SentenceOrderScorer SentenceOrderScorer::from_pretrained(const std::filesystem::path& folder,
                                                         const ModelOptions& model,
                                                         const SentenceScorerOptions& options) {
  return {folder, encoder_of(folder, AlbertConfig::from_folder(folder), options),
          AlbertForPreTraining::from_pretrained(folder, model), options.batch_tokens};
}

SentenceOrderScorer::SentenceOrderScorer(const std::filesystem::path& folder, TextEncoder encoder,
                                         AlbertForPreTraining model, int64_t batch_tokens)
    : folder_(folder.string()),
      encoder_(std::move(encoder)),
      model_(std::move(model)),
      batch_tokens_(batch_tokens),
      warnings_(model_.load_report().warnings) {
  if (!encoder_.warning().empty()) warnings_.push_back(encoder_.warning());
}

double SentenceOrderScorer::score(std::string_view first, std::string_view second) {
  const TokenIds one = encode(first, second);
  return score(std::span(&one, 1)).front();
}

std::vector<double> SentenceOrderScorer::score(std::span<const TokenIds> pairs) {
  std::vector<double> scores(pairs.size());
  std::vector<size_t> lengths;
  for (const TokenIds& pair : pairs) lengths.push_back(pair.input_ids.size());
  for_batches_by_tokens(lengths, batch_tokens_, [&](std::span<const size_t> which) {
    Sequences batch;
    for (const size_t i : which) {
      batch.input_ids.push_back(pairs[i].input_ids);
      batch.token_type_ids.push_back(pairs[i].token_type_ids);
    }
    const HostTensor logits = model_.order_logits(batch).to(DType::kF32);
    for (size_t row = 0; row < which.size(); ++row) {
      const auto outputs = logits.row<float>(static_cast<int64_t>(row));
      check_finite(outputs, folder_ + ": ");
      scores[which[row]] = softmax(outputs).front();
    }
  });
  return scores;
}

}  // namespace albert
