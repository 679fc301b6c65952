#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "albert/heads/albert_model.h"
#include "albert/inference/sentence_modules.h"
#include "albert/inference/text_encoder.h"

namespace albert {

// What is set here goes before what the folder says.
struct TextEmbedderOptions {
  std::vector<Pooling> pooling = {};  // empty: the folder's
  // True: unit length, whatever modules the folder has; false: without its Normalize modules.
  std::optional<bool> normalize = {};
  std::optional<int64_t> dimensions = {};  // only so many, the first ones, as of Matryoshka models
  // The hidden states that are pooled, as transformers counts them: 0 are the mapped embeddings, L
  // (num_hidden_layers * inner_group_num) the last ones; negative from the end. Nothing: the last.
  std::optional<int64_t> layer = {};
  std::optional<int64_t> max_seq_length = {};  // with [CLS], [SEP] and the prompt
  int64_t batch_tokens = 4096;                 // at once; a longer text is a batch of its own
};

// A text as ids; pooling leaves out the first prompt_tokens where the folder says so.
struct EmbedderInput : TokenIds {
  int64_t prompt_tokens = 0;
};

// A pre-trained or fine-tuned folder, or one of sentence-transformers, as a function from texts to
// vectors. One thread at a time may use it; encode() and prompts any number.
class TextEmbedder {
 public:
  // Reads model, tokenizer and modules. A folder without a tokenizer embeds ids. Errors are those
  // of AlbertModel::from_pretrained, SentenceModules::from_folder and TextEncoder; Error(kUsage)
  // for a layer that is not there, a pooler of another layer than the last, or too many dimensions;
  // Error(kMismatch) for a pooler that the model lacks, or a Dense module that takes vectors of
  // another size.
  static TextEmbedder from_pretrained(const std::filesystem::path& folder,
                                      const ModelOptions& model = {},
                                      const TextEmbedderOptions& options = {});

  // [texts, dimension()] f32, in their order, each behind the prompt: nothing is the folder's
  // default one. Error(kBadData) for text that is not UTF-8, kMissingInput without a tokenizer,
  // kMismatch where an output is not finite.
  HostTensor embed(std::span<const std::string> texts, std::optional<std::string_view> prompt = {});
  HostTensor embed(std::span<const EmbedderInput> texts);
  EmbedderInput encode(std::string_view text, std::optional<std::string_view> prompt = {}) const;

  // The prompt of this name. Error(kUsage) that lists the names where there is none.
  const std::string& prompt_named(const std::string& name) const;
  // As sentence-transformers' encode_query and encode_document choose them; nothing: the default.
  std::optional<std::string_view> query_prompt() const;
  std::optional<std::string_view> document_prompt() const;

  // A new folder that sentence-transformers 2 and later, and from_pretrained(), read to the same
  // embeddings: all that was chosen is in it, a pooler as a Dense module. Error(kMismatch) for what
  // such a folder cannot say: dimensions, a layer of layers that differ, a pooler beside others;
  // kUsage for a folder that is there and not empty, kIo.
  void save_pretrained(const std::filesystem::path& folder) const;

  int64_t dimension() const { return dimension_; }
  int64_t max_seq_length() const { return max_seq_length_; }
  const SentenceModules& modules() const { return modules_; }
  // Error(kMissingInput) without one.
  const TextEncoder& encoder() const;
  AlbertModel& model() { return model_; }
  const AlbertModel& model() const { return model_; }
  int64_t layer() const { return layer_; }
  // What was odd about the folder, one line each.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  TextEmbedder(const std::filesystem::path& folder, SentenceModules modules,
               const TextEmbedderOptions& options, const AlbertConfig& whole, AlbertModel model);
  void open_encoder(const AlbertConfig& config, std::optional<int64_t> max_seq_length);
  SentenceModules modules_to_save() const;
  void check_sizes(std::optional<int64_t> dimensions);
  std::string lowered(std::string_view text) const;
  int64_t prompt_tokens(std::string_view prompt) const;
  void embed_batch(std::span<const EmbedderInput> texts, std::span<const size_t> which,
                   HostTensor& embeddings);
  std::vector<float> pooled(const BaseModelOutputWithPooling& output, int64_t row,
                            const EmbedderInput& text) const;
  std::vector<float> finished(std::vector<float> pooled) const;
  bool reads_first_tokens_only() const;

  std::string folder_;
  SentenceModules modules_;
  AlbertModel model_;
  std::optional<TextEncoder> encoder_;
  std::string why_no_encoder_;
  int64_t layer_, dimension_ = 0, whole_dimension_ = 0, max_seq_length_ = 0, batch_tokens_;
  bool reads_hidden_states_ = false;  // of a layer before the last that the model computes
  bool normalizes_ = false;           // in the end
  std::vector<std::string> warnings_;
};

}  // namespace albert
