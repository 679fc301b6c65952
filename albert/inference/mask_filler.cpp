#include "albert/inference/mask_filler.h"

#include <algorithm>
#include <numeric>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/inference/batches.h"

namespace albert {
namespace {

// The words among which the best are looked for.
std::vector<int32_t> words_of(std::span<const int32_t> targets, size_t vocabulary) {
  if (!targets.empty()) return {targets.begin(), targets.end()};
  std::vector<int32_t> all(vocabulary);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace

MaskFiller MaskFiller::from_pretrained(const std::filesystem::path& folder,
                                       const ModelOptions& model,
                                       const MaskFillerOptions& options) {
  if (options.batch_tokens < 1)
    fail(ErrorCode::kUsage, "batch_tokens ", options.batch_tokens, ": wanted 1 or more");
  const AlbertConfig config = AlbertConfig::from_folder(folder);
  TextEncoder encoder(Tokenizer::from_pretrained(folder), config, options.max_seq_length,
                      config.max_position_embeddings);
  return {folder, std::move(encoder), AlbertForMaskedLM::from_pretrained(folder, model),
          options.batch_tokens};
}

MaskFiller::MaskFiller(const std::filesystem::path& folder, TextEncoder encoder,
                       AlbertForMaskedLM model, int64_t batch_tokens)
    : folder_(folder.string()),
      encoder_(std::move(encoder)),
      model_(std::move(model)),
      batch_tokens_(batch_tokens),
      warnings_(model_.load_report().warnings) {
  if (!encoder_.warning().empty()) warnings_.push_back(encoder_.warning());
}

std::vector<size_t> MaskFiller::masks_of(const TokenIds& text) const {
  std::vector<size_t> masks;
  for (size_t i = 0; i < text.input_ids.size(); ++i)
    if (text.input_ids[i] == encoder_.tokenizer().mask_id()) masks.push_back(i);
  return masks;
}

TokenIds MaskFiller::encode(std::string_view text) const {
  TokenIds encoded = encoder_.encode({std::string(text)});
  const std::string mask = encoder_.tokenizer().piece(encoder_.tokenizer().mask_id());
  const std::string_view wanted = mask;
  const size_t kept = masks_of(encoded).size();
  if (!encoded.truncated && kept > 0) return encoded;
  const auto all = encoder_.tokenizer().ids(text);
  const auto count =
      static_cast<size_t>(std::count(all.begin(), all.end(), encoder_.tokenizer().mask_id()));
  if (count == 0)
    fail(ErrorCode::kBadData, "found no ", wanted, " in the text, wanted one or more");
  if (count > kept)
    fail(ErrorCode::kBadData, "found a ", wanted, " behind the ", encoder_.max_seq_length(),
         " ids that are read, wanted it among them");
  return encoded;
}

std::vector<int32_t> MaskFiller::target_ids(std::span<const std::string> targets,
                                            std::vector<std::string>* notes) const {
  std::vector<int32_t> ids;
  for (const std::string& target : targets) {
    const auto whole = encoder_.tokenizer().id_of(target);
    const auto pieces = whole ? std::vector{*whole} : encoder_.tokenizer().ids(target);
    if (pieces.empty())
      fail(ErrorCode::kUsage, "targets: found ", in_quotes(target), ", wanted a word");
    if (notes && !whole)
      notes->push_back("target " + in_quotes(target) + " is no piece of the vocabulary: " +
                       in_quotes(encoder_.tokenizer().piece(pieces.front())) + " stands for it");
    if (std::find(ids.begin(), ids.end(), pieces.front()) == ids.end())
      ids.push_back(pieces.front());
  }
  return ids;
}

std::vector<MaskFiller::Candidates> MaskFiller::fill(std::string_view text, int64_t top_k,
                                                     std::span<const std::string> targets) {
  const TokenIds one = encode(text);
  return fill(std::span(&one, 1), top_k, target_ids(targets)).front();
}

std::vector<std::vector<MaskFiller::Candidates>> MaskFiller::fill(
    std::span<const TokenIds> texts, int64_t top_k, std::span<const int32_t> targets) {
  if (top_k < 1) fail(ErrorCode::kUsage, "top_k ", top_k, ": wanted 1 or more");
  std::vector<std::vector<Candidates>> filled(texts.size());
  std::vector<size_t> lengths;
  for (const TokenIds& text : texts) lengths.push_back(text.input_ids.size());
  for_batches_by_tokens(lengths, batch_tokens_, [&](std::span<const size_t> which) {
    Sequences batch;
    std::vector<TokenPlace> places;
    for (const size_t i : which) {
      for (const size_t mask : masks_of(texts[i]))
        places.push_back({batch.size(), static_cast<int64_t>(mask)});
      batch.input_ids.push_back(texts[i].input_ids);
      batch.token_type_ids.push_back(texts[i].token_type_ids);
    }
    const HostTensor logits = model_.logits_at(batch, places).to(DType::kF32);
    std::vector<size_t> masks(which.size());
    for (const TokenPlace& place : places) ++masks[static_cast<size_t>(place.sequence)];
    for (size_t i = 0; i < places.size(); ++i) {
      const auto sequence = static_cast<size_t>(places[i].sequence);
      filled[which[sequence]].push_back(
          best(logits.row<float>(static_cast<int64_t>(i)), texts[which[sequence]],
               static_cast<size_t>(places[i].token), masks[sequence] == 1, top_k, targets));
    }
  });
  return filled;
}

MaskFiller::Candidates MaskFiller::best(std::span<const float> logits, const TokenIds& text,
                                        size_t mask, bool alone, int64_t top_k,
                                        std::span<const int32_t> targets) const {
  check_finite(logits, folder_ + ": ");
  const std::vector<double> scores = softmax(logits);
  std::vector<int32_t> words = words_of(targets, logits.size());
  const size_t kept = std::min(words.size(), static_cast<size_t>(top_k));
  std::partial_sort(words.begin(), words.begin() + static_cast<int64_t>(kept), words.end(),
                    [&](int32_t a, int32_t b) {
                      const double x = scores[static_cast<size_t>(a)],
                                   y = scores[static_cast<size_t>(b)];
                      return x > y || (x == y && a < b);
                    });
  words.resize(kept);
  const Tokenizer& tokenizer = encoder_.tokenizer();
  Candidates candidates;
  for (const int32_t word : words) {
    std::vector<int32_t> ids = text.input_ids;
    ids[mask] = word;
    std::erase(ids, tokenizer.pad_id());
    candidates.push_back({scores[static_cast<size_t>(word)], word,
                          tokenizer.decode(std::span(&word, 1), false, false),
                          tokenizer.decode(ids, alone, false)});
  }
  return candidates;
}

}  // namespace albert
