#include "albert/inference/token_classifier.h"

#include <algorithm>

#include "albert/base/error.h"
#include "albert/inference/batches.h"

namespace albert {
namespace {

// A window and where the outputs for its text go.
struct PlacedWindow {
  const TokenWindow* window;
  TokenLogits* logits;
};

void compute_batch(AlbertForTokenClassification& model, std::span<const PlacedWindow> windows,
                   std::span<const size_t> which) {
  Sequences batch;
  for (const size_t i : which) {
    batch.input_ids.push_back(windows[i].window->input_ids);
    batch.token_type_ids.push_back(windows[i].window->token_type_ids);
  }
  const int64_t longest = batch.longest();
  const HostTensor logits = model.forward(std::move(batch)).logits.to(DType::kF32);
  int64_t first = 0;  // row of the window's first id
  for (const size_t i : which) {
    const auto& decides = windows[i].window->decides;
    for (size_t at = 0; at < decides.size(); ++at) {
      if (decides[at] < 0) continue;
      const auto row = logits.row<float>(first + static_cast<int64_t>(at));
      TokenLogits& to = *windows[i].logits;
      std::copy(row.begin(), row.end(),
                to.values.begin() + decides[at] * static_cast<int64_t>(to.labels));
    }
    first += longest;
  }
}

}  // namespace

std::vector<TokenLogits> token_logits(AlbertForTokenClassification& model,
                                      std::span<const WindowedText> texts, int64_t batch_size) {
  const auto labels = static_cast<size_t>(model.config().num_labels());
  std::vector<TokenLogits> logits;
  for (const WindowedText& text : texts)
    logits.push_back({labels, std::vector<float>(text.tokens.size() * labels)});
  std::vector<PlacedWindow> windows;
  for (size_t i = 0; i < texts.size(); ++i)
    for (const TokenWindow& window : texts[i].windows) windows.push_back({&window, &logits[i]});
  std::vector<size_t> lengths;
  for (const PlacedWindow& placed : windows) lengths.push_back(placed.window->input_ids.size());
  for_batches_by_length(lengths, batch_size, [&](std::span<const size_t> which) {
    compute_batch(model, windows, which);
  });
  return logits;
}

TokenClassifier TokenClassifier::from_pretrained(const std::filesystem::path& folder,
                                                 const ModelOptions& model,
                                                 const TokenClassifierOptions& options) {
  if (options.batch_size < 1)
    fail(ErrorCode::kUsage, "batch_size ", options.batch_size, ": wanted 1 or more");
  TokenWindowEncoder encoder(Tokenizer::from_pretrained(folder), AlbertConfig::from_folder(folder),
                             options.windows);
  return {std::move(encoder), AlbertForTokenClassification::from_pretrained(folder, model),
          options};
}

TokenClassifier::TokenClassifier(TokenWindowEncoder encoder, AlbertForTokenClassification model,
                                 const TokenClassifierOptions& options)
    : encoder_(std::move(encoder)),
      model_(std::move(model)),
      options_(options),
      warnings_(model_.load_report().warnings) {
  for (const auto& [id, name] : model_.config().id2label) labels_.push_back(name);
  if (!encoder_.warning().empty()) warnings_.push_back(encoder_.warning());
}

std::vector<TokenClassification> TokenClassifier::classify(std::span<const WindowedText> texts) {
  const std::vector<TokenLogits> logits = token_logits(model_, texts, options_.batch_size);
  std::vector<TokenClassification> results;
  for (size_t i = 0; i < texts.size(); ++i)
    results.push_back(group_entities(texts[i], logits[i], labels_, options_.aggregation));
  return results;
}

std::vector<Entity> TokenClassifier::classify(std::string_view text) {
  const WindowedText one = encoder_.text(text);
  return classify(std::span(&one, 1)).front().entities;
}

TokenClassification TokenClassifier::classify(std::span<const std::string> words) {
  const WindowedText one = encoder_.words(words);
  return classify(std::span(&one, 1)).front();
}

}  // namespace albert
