#include "albert/engine/model/config.h"

#include <cmath>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/engine/model/config_keys.h"

namespace albert {
namespace {

constexpr int64_t kMax = int64_t{1} << 24;  // of any size: matmuls of two stay far below 2^63
constexpr double kMaxParameters = 0x1p48;   // so that bytes and their sums stay below it, too
constexpr int64_t kMaxLayers = 4096;

// Checks a config's values; `place` begins every message.
class Checker {
 public:
  explicit Checker(const std::string& place) : place_(place) {}

  void size(const char* key, int64_t value) const {
    if (value < 1 || value > kMax) refuse(key, value, "1 to ", kMax);
  }
  void probability(const char* key, double value) const {
    if (!(value >= 0 && value < 1)) refuse(key, value, "at least 0 and below 1");
  }
  void not_negative(const char* key, double value) const {
    if (!(value >= 0 && std::isfinite(value))) refuse(key, value, "0 or more");
  }
  template <class Value, class... Wanted>
  [[noreturn]] void refuse(const char* key, const Value& found, const Wanted&... wanted) const {
    fail(ErrorCode::kMismatch, place_, ": ", key, ": found ", found, ", wanted ", wanted...);
  }
  [[noreturn]] void refuse_sizes(double parameters) const {
    fail(ErrorCode::kMismatch, place_, ": found sizes for ", parameters,
         " parameters, wanted at most ", kMaxParameters);
  }

 private:
  const std::string& place_;
};

double parameter_count(const AlbertConfig& c) {
  const auto d = [](int64_t n) { return static_cast<double>(n); };
  const double h = d(c.hidden_size), e = d(c.embedding_size);
  const double layer = h * (4 * h + 2 * d(c.intermediate_size));
  return e * d(c.vocab_size + c.max_position_embeddings + c.type_vocab_size) + e * h + h * h +
         layer * d(c.num_hidden_groups * c.inner_group_num);
}

void check_sizes(const AlbertConfig& c, const Checker& check) {
  check.size("vocab_size", c.vocab_size);
  check.size("embedding_size", c.embedding_size);
  check.size("hidden_size", c.hidden_size);
  check.size("num_hidden_layers", c.num_hidden_layers);
  check.size("num_hidden_groups", c.num_hidden_groups);
  check.size("num_attention_heads", c.num_attention_heads);
  check.size("intermediate_size", c.intermediate_size);
  check.size("inner_group_num", c.inner_group_num);
  check.size("max_position_embeddings", c.max_position_embeddings);
  check.size("type_vocab_size", c.type_vocab_size);
  check.size("num_labels", c.num_labels());
  if (c.hidden_size % c.num_attention_heads != 0)
    check.refuse("hidden_size", c.hidden_size, "a multiple of num_attention_heads (",
                 c.num_attention_heads, ")");
  if (const double count = parameter_count(c); count > kMaxParameters) check.refuse_sizes(count);
}

void check_layers(const AlbertConfig& c, const Checker& check) {
  const int64_t applied = c.num_hidden_layers * c.inner_group_num,
                kept = c.num_hidden_groups * c.inner_group_num;
  if (applied > kMaxLayers)
    check.refuse("num_hidden_layers", c.num_hidden_layers, "at most ", kMaxLayers,
                 " layers, times inner_group_num (", c.inner_group_num, ")");
  if (kept > kMaxLayers)
    check.refuse("num_hidden_groups", c.num_hidden_groups, "at most ", kMaxLayers,
                 " layers, times inner_group_num (", c.inner_group_num, ")");
  for (int64_t layer = 0; layer < c.num_hidden_layers; ++layer)
    if (c.group_of_layer(layer) >= c.num_hidden_groups)
      check.refuse("num_hidden_groups", c.num_hidden_groups, "a group for each of ",
                   c.num_hidden_layers, " layers; layer ", layer,
                   " falls outside, in transformers too");
}

}  // namespace

kernels::Activation AlbertConfig::activation(const std::string& place) const {
  const auto& known = known_activations();
  const auto at = known.find(hidden_act);
  if (at != known.end()) return at->second;
  std::vector<std::string> names;
  for (const auto& [name, value] : known) names.push_back(name);
  fail(ErrorCode::kMismatch, place, ": hidden_act: found ", in_quotes(hidden_act), ", wanted ",
       one_of(names));
}

int64_t AlbertConfig::group_of_layer(int64_t layer) const {
  const double layers_per_group =
      static_cast<double>(num_hidden_layers) / static_cast<double>(num_hidden_groups);
  return static_cast<int64_t>(static_cast<double>(layer) / layers_per_group);
}

void AlbertConfig::validate(const std::string& place) const {
  const Checker check(place);
  check_sizes(*this, check);
  check_layers(*this, check);
  check.probability("hidden_dropout_prob", hidden_dropout_prob);
  check.probability("attention_probs_dropout_prob", attention_probs_dropout_prob);
  if (classifier_dropout_prob)
    check.probability("classifier_dropout_prob", *classifier_dropout_prob);
  check.not_negative("initializer_range", initializer_range);
  check.not_negative("layer_norm_eps", layer_norm_eps);
  if (pad_token_id && (*pad_token_id < 0 || *pad_token_id >= vocab_size))
    check.refuse("pad_token_id", *pad_token_id, "null or 0 to ", vocab_size - 1,
                 ", the last of vocab_size words");
  activation(place);
}

}  // namespace albert
