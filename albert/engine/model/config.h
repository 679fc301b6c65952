#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "albert/kernels/activation.h"

namespace albert {

// transformers' AlbertConfig, its names and defaults (docs/albert.md 1.1). Keys that ask for
// what this engine does not do (position_embedding_type other than "absolute", pruned_heads,
// is_decoder, ..) are refused by name.
struct AlbertConfig {
  int64_t vocab_size = 30000;
  int64_t embedding_size = 128;
  int64_t hidden_size = 4096;
  int64_t num_hidden_layers = 12;
  int64_t num_hidden_groups = 1;
  int64_t num_attention_heads = 64;
  int64_t intermediate_size = 16384;
  int64_t inner_group_num = 1;
  std::string hidden_act = "gelu_new";
  double hidden_dropout_prob = 0;
  double attention_probs_dropout_prob = 0;
  int64_t max_position_embeddings = 512;
  int64_t type_vocab_size = 2;
  double initializer_range = 0.02;
  double layer_norm_eps = 1e-12;
  std::optional<double> classifier_dropout_prob =
      0.1;  // null: token classification falls back to hidden_dropout_prob, others to 0
  std::optional<int64_t> pad_token_id = 0;
  std::optional<int64_t> bos_token_id = 2;
  std::optional<int64_t> eos_token_id = 3;
  bool tie_word_embeddings = true;
  bool output_hidden_states = false;
  bool output_attentions = false;

  std::map<int64_t, std::string> id2label = {{0, "LABEL_0"},
                                             {1, "LABEL_1"}};  // its size is num_labels
  std::string problem_type;  // "", "regression", "single_label_classification",
                             // "multi_label_classification"
  std::vector<std::string> architectures;

  std::string other_keys =
      "{}";  // JSON object: every key read but not used, kept so that saving gives it back

  int64_t num_labels() const { return static_cast<int64_t>(id2label.size()); }
  int64_t head_size() const { return hidden_size / num_attention_heads; }
  // The function that hidden_act names; `place` begins the message of Error(kMismatch).
  kernels::Activation activation(const std::string& place = "config") const;

  // Which group layer l of L applies: int(l / (L / G)) in doubles, transformers' very expression
  // (docs/albert.md 2.2).
  int64_t group_of_layer(int64_t layer) const;

  // Error(kMismatch) "PLACE: KEY: found F, wanted W": non-positive sizes, hidden_size not divisible
  // by heads, ..
  void validate(const std::string& place = "config") const;

  // Reads the folder's config.json, else Google's (albert_config*.json), else the released sizes
  // that a checkpoint has (TF-Hub). Error(kMissingInput) without any. Otherwise as from_json().
  static AlbertConfig from_folder(const std::filesystem::path& folder,
                                  std::vector<std::string>* warnings = nullptr);
  // Reads one such file; "gelu" in a file named albert_config*.json is gelu_new.
  static AlbertConfig from_file(const std::filesystem::path& path,
                                std::vector<std::string>* warnings = nullptr);
  // Reads a folder or a file, whichever `path` is.
  static AlbertConfig from_pretrained(const std::filesystem::path& path,
                                      std::vector<std::string>* warnings = nullptr);
  // Wrong types, impossible values and refused keys: Error(kBadData or kMismatch) "NAME: KEY: found
  // F, wanted W". Label names may be numbers or null, as transformers allows. What is accepted but
  // not used as it stands (unknown keys, a label2id that is not the inverse of id2label) is
  // appended to `warnings`.
  static AlbertConfig from_json(const std::string& name, const std::string& text,
                                std::vector<std::string>* warnings = nullptr);
  // With model_type and transformers' spellings; from_json() gives the same config back.
  std::string to_json() const;
};

}  // namespace albert
