#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "albert/engine/host_tensor.h"
#include "albert/inference/sentence_pooling.h"

namespace albert {

// A function of torch.nn that a Dense module applies.
enum class DenseActivation : uint8_t { kIdentity, kTanh, kRelu, kGelu, kSigmoid, kSilu };

// sentence-transformers' Dense: y = activation(W x + b), to which use_residual adds x, or R x where
// the sizes differ.
struct DenseModule {
  HostTensor weight = {};  // [out, in] f32
  HostTensor bias = {};    // [out], or empty
  DenseActivation activation = DenseActivation::kTanh;
  bool use_residual = false;
  HostTensor residual = {};  // [out, in], or empty

  int64_t in_features() const { return weight.dim(1); }
  int64_t out_features() const { return weight.dim(0); }
  std::vector<float> operator()(std::span<const float> x) const;
};

// x divided by its Euclidean length, or by 1e-12 where that is less.
struct NormalizeModule {
  std::vector<float> operator()(std::span<const float> x) const;
};

using SentenceModule = std::variant<DenseModule, NormalizeModule>;

// How two embeddings are compared, under sentence-transformers' names. The distances are negative,
// so that more is always nearer.
enum class Similarity : uint8_t { kCosine, kDot, kEuclidean, kManhattan };
// "cosine", "dot", "euclidean", "manhattan". Error(kUsage) that lists them.
Similarity similarity_named(const std::string& name);
const std::string& name_of(Similarity similarity);
std::vector<std::string> similarity_names();

// What a folder of sentence-transformers says beside its model: modules.json and the files that it
// names, sentence_bert_config.json, config_sentence_transformers.json.
struct SentenceModules {
  std::filesystem::path transformer;                // the folder of model and tokenizer
  std::vector<Pooling> pooling = {Pooling::kMean};  // side by side where there are several
  bool include_prompt = true;                       // false: a prompt's tokens are not pooled
  std::vector<SentenceModule> modules;              // what follows, in this order
  std::optional<int64_t> max_seq_length;
  bool do_lower_case = false;  // the text is lowered, whatever the tokenizer does
  std::map<std::string, std::string> prompts;
  std::optional<std::string> default_prompt_name;
  Similarity similarity = Similarity::kCosine;

  // A folder without modules.json is a model alone: the mean of its tokens, as
  // sentence-transformers takes it. Error(kMismatch) for a module, an option or a function that is
  // not known, by its name; kBadData and kMissingInput naming the file.
  static SentenceModules from_folder(const std::filesystem::path& folder);
  // Writes all but the model and its tokenizer, `hidden_size` wide, into a folder that is there.
  // Error(kIo).
  void save(const std::filesystem::path& folder, int64_t hidden_size) const;
};

}  // namespace albert
