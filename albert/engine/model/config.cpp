#include "albert/engine/model/config.h"

#include "albert/base/error.h"
#include "albert/engine/model/config_keys.h"

namespace albert {
namespace {

constexpr int64_t kMax = int64_t{1} << 24;  // of any size: matmuls of two stay far below 2^63
constexpr double kMaxParameters = 0x1p48;   // so that bytes and their sums stay below it, too

void check_size(const char* key, int64_t value) {
  if (value < 1 || value > kMax)
    fail(ErrorCode::kMismatch, "config: ", key, " is ", value, ", it must be between 1 and ", kMax);
}

void check_parameter_count(const AlbertConfig& c) {
  const auto d = [](int64_t n) { return static_cast<double>(n); };
  const double h = d(c.hidden_size), e = d(c.embedding_size);
  const double layer = h * (4 * h + 2 * d(c.intermediate_size));
  const double count = e * d(c.vocab_size + c.max_position_embeddings + c.type_vocab_size) + e * h +
                       h * h + layer * d(c.num_hidden_groups * c.inner_group_num);
  if (count > kMaxParameters)
    fail(ErrorCode::kMismatch, "config: its sizes ask for ", count, " parameters, it may be ",
         kMaxParameters, " at most");
}

void check_probability(const char* key, double value) {
  if (!(value >= 0 && value < 1))
    fail(ErrorCode::kMismatch, "config: ", key, " is ", value, ", it must be in [0, 1)");
}

}  // namespace

kernels::Activation AlbertConfig::activation() const {
  const auto& known = known_activations();
  const auto at = known.find(hidden_act);
  if (at == known.end()) {
    std::string names;
    for (const auto& [name, value] : known) names += (names.empty() ? "" : ", ") + name;
    fail(ErrorCode::kMismatch, "config: hidden_act \"", hidden_act,
         "\" is not supported; supported: ", names);
  }
  return at->second;
}

int64_t AlbertConfig::group_of_layer(int64_t layer) const {
  const double layers_per_group =
      static_cast<double>(num_hidden_layers) / static_cast<double>(num_hidden_groups);
  return static_cast<int64_t>(static_cast<double>(layer) / layers_per_group);
}

void AlbertConfig::validate() const {
  check_size("vocab_size", vocab_size);
  check_size("embedding_size", embedding_size);
  check_size("hidden_size", hidden_size);
  check_size("num_hidden_layers", num_hidden_layers);
  check_size("num_hidden_groups", num_hidden_groups);
  check_size("num_attention_heads", num_attention_heads);
  check_size("intermediate_size", intermediate_size);
  check_size("inner_group_num", inner_group_num);
  check_size("max_position_embeddings", max_position_embeddings);
  check_size("type_vocab_size", type_vocab_size);
  check_size("num_labels", num_labels());
  if (num_hidden_layers * inner_group_num > 4096 || num_hidden_groups * inner_group_num > 4096)
    fail(ErrorCode::kMismatch,
         "config: num_hidden_layers and num_hidden_groups times inner_group_num must be at most "
         "4096");
  check_parameter_count(*this);
  if (hidden_size % num_attention_heads != 0)
    fail(ErrorCode::kMismatch, "config: hidden_size ", hidden_size,
         " is not a multiple of num_attention_heads ", num_attention_heads);
  for (int64_t layer = 0; layer < num_hidden_layers; ++layer)
    if (group_of_layer(layer) >= num_hidden_groups)
      fail(ErrorCode::kMismatch, "config: layer ", layer, " of ", num_hidden_layers,
           " falls outside the ", num_hidden_groups, " groups; transformers fails here too");
  check_probability("hidden_dropout_prob", hidden_dropout_prob);
  check_probability("attention_probs_dropout_prob", attention_probs_dropout_prob);
  if (classifier_dropout_prob)
    check_probability("classifier_dropout_prob", *classifier_dropout_prob);
  if (!(initializer_range >= 0))
    fail(ErrorCode::kMismatch, "config: initializer_range is ", initializer_range,
         ", it must be 0 or more");
  if (!(layer_norm_eps >= 0))
    fail(ErrorCode::kMismatch, "config: layer_norm_eps is ", layer_norm_eps,
         ", it must be 0 or more");
  if (pad_token_id && (*pad_token_id < 0 || *pad_token_id >= vocab_size))
    fail(ErrorCode::kMismatch, "config: pad_token_id is ", *pad_token_id, ", the vocabulary has ",
         vocab_size, " words");
  activation();
}

}  // namespace albert
