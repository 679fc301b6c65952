#include "albert/inference/text_embedder.h"

#include <algorithm>
#include <cmath>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/inference/batches.h"

namespace albert {
namespace {

int64_t inner_layers(const AlbertConfig& config) {
  return config.num_hidden_layers * config.inner_group_num;
}

int64_t checked_layer(const AlbertConfig& config, std::optional<int64_t> layer) {
  const int64_t last = inner_layers(config), wanted = layer.value_or(last);
  const int64_t from_start = wanted < 0 ? last + 1 + wanted : wanted;
  if (from_start < 0 || from_start > last)
    fail(ErrorCode::kUsage, "layer ", wanted, ": wanted 0 to ", last, ", or -1 to ", -(last + 1));
  return from_start;
}

// The model without the layers behind `layer`, where all layers are one and the same.
AlbertConfig shortened(AlbertConfig config, int64_t layer) {
  if (config.num_hidden_groups == 1 && layer < inner_layers(config))
    config.num_hidden_layers =
        std::max<int64_t>(1, (layer + config.inner_group_num - 1) / config.inner_group_num);
  return config;
}

AlbertModel loaded(const AlbertConfig& config, const std::filesystem::path& folder,
                   const ModelOptions& options) {
  const auto weights = open_weights(folder, options.prefix);
  AlbertModel model = AlbertModel::fitting(config, *weights);
  model.load(*weights, options);
  return model;
}

void check_options(const TextEmbedderOptions& options) {
  if (options.batch_tokens < 1)
    fail(ErrorCode::kUsage, "batch_tokens ", options.batch_tokens, ": wanted 1 or more");
}

bool is_pooled(const std::vector<Pooling>& all, Pooling one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

TextEmbedder TextEmbedder::from_pretrained(const std::filesystem::path& folder,
                                           const ModelOptions& model,
                                           const TextEmbedderOptions& options) {
  check_options(options);
  SentenceModules modules = SentenceModules::from_folder(folder);
  std::vector<std::string> warnings;
  const AlbertConfig whole = AlbertConfig::from_folder(modules.transformer, &warnings);
  const AlbertConfig config = shortened(whole, checked_layer(whole, options.layer));
  AlbertModel loaded_model = loaded(config, modules.transformer, model);
  TextEmbedder embedder(folder, std::move(modules), options, whole, std::move(loaded_model));
  embedder.warnings_.insert(embedder.warnings_.end(), warnings.begin(), warnings.end());
  return embedder;
}

TextEmbedder::TextEmbedder(const std::filesystem::path& folder, SentenceModules modules,
                           const TextEmbedderOptions& options, const AlbertConfig& whole,
                           AlbertModel model)
    : folder_(folder.string()),
      modules_(std::move(modules)),
      model_(std::move(model)),
      layer_(checked_layer(whole, options.layer)),
      batch_tokens_(options.batch_tokens),
      warnings_(model_.load_report().warnings) {
  if (!options.pooling.empty()) modules_.pooling = options.pooling;
  normalizes_ = options.normalize.value_or(false);
  if (options.normalize && !*options.normalize)
    std::erase_if(modules_.modules, [](const SentenceModule& module) {
      return std::holds_alternative<NormalizeModule>(module);
    });
  reads_hidden_states_ = layer_ < inner_layers(model_.config());
  if (is_pooled(modules_.pooling, Pooling::kPooler)) {
    if (!model_.has_pooler())
      fail(ErrorCode::kMismatch, folder_, ": found no pooler in the model, wanted one for pooling ",
           "\"pooler\"; use another pooling");
    if (layer_ < inner_layers(whole))
      fail(ErrorCode::kUsage, "pooling \"pooler\" reads the last layer, ", inner_layers(whole),
           ": found layer ", layer_);
  }
  check_sizes(options.dimensions);
  open_encoder(whole, options.max_seq_length);
}

// Every module takes what the one before gives.
void TextEmbedder::check_sizes(std::optional<int64_t> dimensions) {
  dimension_ = model_.config().hidden_size * static_cast<int64_t>(modules_.pooling.size());
  for (const SentenceModule& module : modules_.modules)
    if (const auto* dense = std::get_if<DenseModule>(&module)) {
      if (dense->in_features() != dimension_)
        fail(ErrorCode::kMismatch, folder_, ": found a Dense module of ", dense->in_features(),
             " features, wanted ", dimension_, ", what it is given");
      dimension_ = dense->out_features();
    }
  whole_dimension_ = dimension_;
  if (!dimensions) return;
  if (*dimensions < 1 || *dimensions > dimension_)
    fail(ErrorCode::kUsage, "dimensions ", *dimensions, ": wanted 1 to ", dimension_);
  dimension_ = *dimensions;
}

void TextEmbedder::open_encoder(const AlbertConfig& config, std::optional<int64_t> max_seq_length) {
  max_seq_length_ = config.max_position_embeddings;
  // A folder may promise more than the model takes.
  const auto own = modules_.max_seq_length;
  const auto length = max_seq_length ? max_seq_length
                      : own          ? std::optional(std::min(*own, max_seq_length_))
                                     : std::nullopt;
  try {
    encoder_.emplace(Tokenizer::from_pretrained(modules_.transformer), config, length,
                     config.max_position_embeddings);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kMissingInput) throw;
    why_no_encoder_ = e.what();
    warnings_.push_back(why_no_encoder_ + "; without a tokenizer it takes ids only");
    return;
  }
  max_seq_length_ = encoder_->max_seq_length();
  if (!encoder_->warning().empty()) warnings_.push_back(encoder_->warning());
}

const TextEncoder& TextEmbedder::encoder() const {
  if (!encoder_) throw Error(ErrorCode::kMissingInput, why_no_encoder_);
  return *encoder_;
}

const std::string& TextEmbedder::prompt_named(const std::string& name) const {
  const auto found = modules_.prompts.find(name);
  if (found != modules_.prompts.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [its_name, text] : modules_.prompts) names.push_back(its_name);
  fail(ErrorCode::kUsage, "prompt_name: found ", in_quotes(name), ", wanted ",
       names.empty() ? "none: the folder has no prompts" : one_of(names));
}

std::optional<std::string_view> TextEmbedder::query_prompt() const {
  const auto found = modules_.prompts.find("query");
  return found == modules_.prompts.end() ? std::nullopt
                                         : std::optional<std::string_view>(found->second);
}

std::optional<std::string_view> TextEmbedder::document_prompt() const {
  for (const char* name : {"document", "passage", "corpus"})
    if (const auto found = modules_.prompts.find(name); found != modules_.prompts.end())
      return found->second;
  return std::nullopt;
}

std::string TextEmbedder::lowered(std::string_view text) const {
  if (!modules_.do_lower_case) return std::string(text);
  return preprocess(text, {.preprocessing = Preprocessing::kGoogle, .keep_accents = true}).text;
}

// The prompt's own tokens and what stands before them.
int64_t TextEmbedder::prompt_tokens(std::string_view prompt) const {
  if (modules_.include_prompt || prompt.empty()) return 0;
  const TokenIds ids = encoder().encode({lowered(prompt)});
  const auto n = static_cast<int64_t>(ids.input_ids.size());
  return encoder().tokenizer().is_special(ids.input_ids.back()) ? n - 1 : n;
}

EmbedderInput TextEmbedder::encode(std::string_view text,
                                   std::optional<std::string_view> prompt) const {
  if (!prompt) {
    prompt = "";
    if (modules_.default_prompt_name) prompt = modules_.prompts.at(*modules_.default_prompt_name);
  }
  const std::string whole = std::string(*prompt) + std::string(text);
  return {encoder().encode({lowered(whole)}), prompt_tokens(*prompt)};
}

HostTensor TextEmbedder::embed(std::span<const std::string> texts,
                               std::optional<std::string_view> prompt) {
  std::vector<EmbedderInput> encoded;
  for (const std::string& text : texts) encoded.push_back(encode(text, prompt));
  return embed(encoded);
}

HostTensor TextEmbedder::embed(std::span<const EmbedderInput> texts) {
  HostTensor embeddings(DType::kF32, {static_cast<int64_t>(texts.size()), dimension_});
  std::vector<size_t> lengths;
  for (const EmbedderInput& text : texts) lengths.push_back(text.input_ids.size());
  for_batches_by_tokens(lengths, batch_tokens_, [&](std::span<const size_t> which) {
    embed_batch(texts, which, embeddings);
  });
  return embeddings;
}

bool TextEmbedder::reads_first_tokens_only() const {
  return !reads_hidden_states_ && modules_.include_prompt &&
         std::all_of(modules_.pooling.begin(), modules_.pooling.end(), [](Pooling pooling) {
           return pooling == Pooling::kCls || pooling == Pooling::kPooler;
         });
}

void TextEmbedder::embed_batch(std::span<const EmbedderInput> texts, std::span<const size_t> which,
                               HostTensor& embeddings) {
  Sequences batch;
  for (const size_t i : which) {
    batch.input_ids.push_back(texts[i].input_ids);
    batch.token_type_ids.push_back(texts[i].token_type_ids);
  }
  BaseModelOutputWithPooling output = model_.forward(
      batch, {},
      {.output_hidden_states = reads_hidden_states_, .logits = !reads_first_tokens_only()});
  if (reads_hidden_states_)
    output.last_hidden_state = std::move(output.hidden_states.at(static_cast<size_t>(layer_)));
  if (output.last_hidden_state.dtype() != DType::kF32) {
    output.last_hidden_state = output.last_hidden_state.to(DType::kF32);
    output.pooler_output = output.pooler_output.to(DType::kF32);
  }
  for (size_t row = 0; row < which.size(); ++row) {
    const std::vector<float> embedding =
        finished(pooled(output, static_cast<int64_t>(row), texts[which[row]]));
    check_finite(embedding, folder_ + ": ");
    std::copy(embedding.begin(), embedding.end(),
              embeddings.data<float>() + static_cast<int64_t>(which[row]) * dimension_);
  }
}

// The poolings of the text in this row of the batch, side by side.
std::vector<float> TextEmbedder::pooled(const BaseModelOutputWithPooling& output, int64_t row,
                                        const EmbedderInput& text) const {
  const HostTensor& states = output.last_hidden_state;
  const auto hidden = static_cast<size_t>(states.dim(2));
  const auto padded = static_cast<size_t>(states.dim(1)) * hidden;
  const std::span<const float> tokens(states.data<float>() + row * static_cast<int64_t>(padded),
                                      padded);
  const auto n = std::min(static_cast<int64_t>(text.input_ids.size()), states.dim(1));
  std::vector<float> all(modules_.pooling.size() * hidden);
  std::span<float> rest = all;
  for (const Pooling pooling : modules_.pooling) {
    const auto part = rest.first(hidden);
    if (pooling == Pooling::kPooler) {
      const auto pooler = output.pooler_output.row<float>(row);
      std::copy(pooler.begin(), pooler.end(), part.begin());
    } else {
      pool(pooling, tokens, n, text.prompt_tokens, part);
    }
    rest = rest.subspan(hidden);
  }
  return all;
}

std::vector<float> TextEmbedder::finished(std::vector<float> pooled) const {
  for (const SentenceModule& module : modules_.modules)
    pooled = std::visit([&](const auto& apply) { return apply(pooled); }, module);
  pooled.resize(static_cast<size_t>(dimension_));
  return normalizes_ ? NormalizeModule{}(pooled) : pooled;
}

}  // namespace albert
