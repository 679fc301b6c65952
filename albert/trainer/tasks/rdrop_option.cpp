#include "albert/trainer/tasks/rdrop_option.h"

#include <cmath>

#include "albert/base/error.h"

namespace albert {
namespace {

constexpr const char* kAlpha = "rdrop_alpha";

bool drops_out(const AlbertConfig& config, HeadDropout head) {
  const double classifier =
      head == HeadDropout::kClassifier ? config.classifier_dropout_prob.value_or(0) : 0;
  return config.hidden_dropout_prob > 0 || config.attention_probs_dropout_prob > 0 ||
         classifier > 0;
}

}  // namespace

TaskOption rdrop_option() {
  return {kAlpha, 0.0,
          "R-Drop: every example twice under other dropout, and this much of the divergence of "
          "both predictions in the loss; 0: once"};
}

FinetuningSizes sizes_with_rdrop(const FinetuningRequest& request, const AlbertConfig& config,
                                 HeadDropout head) {
  FinetuningSizes sizes = request.sizes;
  if (!request.options.find(kAlpha)) return sizes;
  sizes.rdrop_alpha = request.options.get<double>(kAlpha);
  if (!(sizes.rdrop_alpha >= 0 && std::isfinite(sizes.rdrop_alpha)))
    fail(ErrorCode::kUsage, "--", kAlpha, " ", sizes.rdrop_alpha, ": wanted 0 or more");
  if (sizes.rdrop_alpha > 0 && !drops_out(config, head))
    fail(ErrorCode::kMismatch, "--", kAlpha, " ", sizes.rdrop_alpha,
         ": found a model without dropout, wanted two passes that differ; give ",
         head == HeadDropout::kClassifier ? "--classifier_dropout_prob or " : "",
         "--hidden_dropout_prob");
  return sizes;
}

}  // namespace albert
