#include "albert/engine/model/config_keys.h"

#include <array>

namespace albert {
namespace {

// clang-format off
constexpr auto kHarmlessKeys = std::to_array<const char*>({
    "_attn_implementation", "_attn_implementation_internal", "_commit_hash", "_name_or_path",
    "_num_labels",
    "auto_map", "attn_implementation", "bad_words_ids", "begin_suppress_tokens",
    "chunk_size_feed_forward",
    "decoder_start_token_id", "directionality",
    "diversity_penalty", "do_sample", "down_scale_factor", "dtype",
    "early_stopping",
    "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty", "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id", "gap_size", "gradient_checkpointing", "layers_to_keep", "length_penalty",
    "max_length",
    "min_length", "model_type", "name_or_path", "net_structure_type", "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams", "num_memory_blocks", "num_return_sequences", "output_logits", "output_past",
    "output_scores",
    "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head",
    "pooler_type",
    "prefix", "remove_invalid_values", "repetition_penalty", "return_dict",
    "return_dict_in_generate", "sep_token_id",
    "suppress_tokens", "task_specific_params", "temperature", "tf_legacy_loss",
    "tie_encoder_decoder",
    "tokenizer_class", "top_k", "top_p", "torch_dtype", "torchscript", "transformers_version",
    "transformers.js_config", "typical_p", "use_bfloat16", "use_cache", "use_return_dict",
    "cross_attention_hidden_size", "cls_token_id", "mask_token_id", "unk_token_id",
    "tokenizer_config"});
// clang-format on

}  // namespace

const std::map<std::string, kernels::Activation>& known_activations() {
  using kernels::Activation;
  static const std::map<std::string, Activation> names = {
      {"gelu_new", Activation::kGeluNew},
      {"gelu_pytorch_tanh", Activation::kGeluNew},
      {"gelu_fast", Activation::kGeluNew},
      {"gelu_python_tanh", Activation::kGeluNew},
      {"gelu_accurate", Activation::kGeluNew},
      {"gelu", Activation::kGelu},
      {"gelu_python", Activation::kGelu},
      {"relu", Activation::kRelu},
      {"silu", Activation::kSilu},
      {"swish", Activation::kSilu},
      {"tanh", Activation::kTanh},
      {"linear", Activation::kIdentity}};
  return names;
}

const std::vector<std::string>& harmless_keys() {
  static const std::vector<std::string> keys(kHarmlessKeys.begin(), kHarmlessKeys.end());
  return keys;
}

const std::vector<RefusedKey>& refused_keys() {
  static const std::vector<RefusedKey> keys = {
      {"position_embedding_type",
       {"\"absolute\""},
       "\"absolute\": other positions are not supported"},
      {"pruned_heads", {"{}", "[]"}, "none; save the model without pruning"},
      {"is_decoder", {"false"}, "false: ALBERT runs as an encoder only"},
      {"is_encoder_decoder", {"false"}, "false: ALBERT runs as an encoder only"},
      {"add_cross_attention", {"false"}, "false: ALBERT has no cross attention"},
      {"quantization_config", {"{}"}, "none; save the model in f32, bf16 or f16"},
      {"ln_type",
       {"\"postln\""},
       "\"postln\": brightmart's albert_zh normalizes before its layers else, which no ALBERT "
       "does"},
      {"rope_scaling", {}, "none: ALBERT has no rotary positions"},
      {"per_layer_config",
       {"{}"},
       "none: layers of a group are alike, layers that differ are groups"}};
  return keys;
}

}  // namespace albert
