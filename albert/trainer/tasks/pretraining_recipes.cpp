#include "albert/trainer/tasks/pretraining_recipes.h"

#include <array>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

struct Release {
  const char *name, *layers, *hidden_size, *heads, *intermediate_size, *dropout, *steps;
};
constexpr std::array kReleases = {
    Release{"paper-base-v1", "12", "768", "12", "3072", "0.1", "125000"},
    Release{"paper-large-v1", "24", "1024", "16", "4096", "0.1", "125000"},
    Release{"paper-xlarge-v1", "24", "2048", "16", "8192", "0.1", "125000"},
    Release{"paper-xxlarge-v1", "12", "4096", "64", "16384", "0", "1500000"},
    Release{"paper-base-v2", "12", "768", "12", "3072", "0", "10000000"},
    Release{"paper-large-v2", "24", "1024", "16", "4096", "0", "3000000"},
    Release{"paper-xlarge-v2", "24", "2048", "16", "8192", "0", "3000000"},
    Release{"paper-xxlarge-v2", "12", "4096", "64", "16384", "0", "3000000"}};

Options defaults_of_google(const char* steps) {
  return {{"optim", "lamb"},
          {"optim_variant", "google"},
          {"learning_rate", "0.00176"},
          {"lr_scheduler_type", "google"},
          {"train_batch_size", "4096"},
          {"max_steps", steps},
          {"warmup_steps", "3125"},
          {"weight_decay", "0.01"},
          {"max_grad_norm", "1"},
          {"max_seq_length", "512"},
          {"max_predictions_per_seq", "20"},
          {"masked_lm_prob", "0.15"},
          {"short_seq_prob", "0.1"},
          {"ngram", "3"},
          {"save_steps", "5000"},
          {"sentence_order_dropout_prob", "0"}};
}

Recipe recipe_of(const Release& release) {
  Options options = defaults_of_google(release.steps);
  const Options sizes{{"num_hidden_layers", release.layers},
                      {"hidden_size", release.hidden_size},
                      {"num_attention_heads", release.heads},
                      {"intermediate_size", release.intermediate_size},
                      {"embedding_size", "128"},
                      {"hidden_dropout_prob", release.dropout},
                      {"attention_probs_dropout_prob", release.dropout}};
  options.insert(options.end(), sizes.begin(), sizes.end());
  return {"sizes of the ALBERT paper, dropout of the releases, steps of Google's README", options};
}

}  // namespace

std::vector<std::string> pretraining_recipe_names() {
  std::vector<std::string> names{"google"};
  for (const Release& release : kReleases) names.emplace_back(release.name);
  return names;
}

Recipe pretraining_recipe(const std::string& name) {
  if (name == "google")
    return {"defaults of run_pretraining.py and create_pretraining_data.py",
            defaults_of_google("125000")};
  for (const Release& release : kReleases)
    if (name == release.name) return recipe_of(release);
  fail(ErrorCode::kUsage, "--recipe: found ", in_quotes(name), ", wanted one of google, ",
       kReleases.front().name, " .. ", kReleases.back().name);
}

}  // namespace albert
