#include "albert/engine/weights/model_prefix.h"

#include <set>

#include "albert/base/printable.h"

namespace albert {
namespace {

using Tensors = std::map<std::string, TensorInfo>;

bool has_under(const Tensors& tensors, const std::string& prefix) {
  const auto found = tensors.lower_bound(prefix);
  return found != tensors.end() && found->first.starts_with(prefix);
}

// What stands before the names of an ALBERT's embeddings and layers, once for each that is there.
std::set<std::string> prefixes_of(const Tensors& tensors) {
  constexpr std::string_view kWords = "embeddings.word_embeddings.weight", kOwn = "albert.";
  std::set<std::string> prefixes;
  for (const auto& [name, info] : tensors) {
    if (!name.ends_with(kWords)) continue;
    std::string prefix = name.substr(0, name.size() - kWords.size());
    if (!has_under(tensors, prefix + "encoder.albert_layer_groups.")) continue;
    if (prefix.ends_with(kOwn)) prefix.resize(prefix.size() - kOwn.size());
    if (prefix.empty() || prefix.ends_with('.')) prefixes.insert(prefix);
  }
  return prefixes;
}

class PrefixedWeights final : public WeightSource {
 public:
  PrefixedWeights(std::unique_ptr<const WeightSource> all, std::string prefix)
      : all_(std::move(all)), prefix_(std::move(prefix)) {
    for (const auto& [name, info] : all_->tensors())
      if (name.starts_with(prefix_)) tensors_.emplace(name.substr(prefix_.size()), info);
  }
  std::string name() const override { return all_->name(); }
  const Tensors& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    all_->read(prefix_ + tensor, to);
  }
  void check_unchanged() const override { all_->check_unchanged(); }
  std::vector<std::string> notes() const override {
    const size_t others = all_->tensors().size() - tensors_.size();
    std::string note = name() + ": found the model's tensors under " + prefix_;
    if (others > 0) note += "; " + std::to_string(others) + " other tensors are not read";
    return {note};
  }

 private:
  std::unique_ptr<const WeightSource> all_;
  std::string prefix_;
  Tensors tensors_;
};

std::string listed(const std::set<std::string>& prefixes) {
  std::vector<std::string> names;
  for (const std::string& prefix : prefixes) names.push_back(printable(prefix));
  if (names[0].empty()) names[0] = "no prefix";
  return joined_first(names, 6);
}

// The only one of the prefixes; Error(kBadData) where there are several.
std::string only_of(const std::string& place, const std::set<std::string>& prefixes) {
  if (prefixes.size() > 1)
    fail(ErrorCode::kBadData, place, ": found models under ", listed(prefixes),
         ", wanted one; choose it with --prefix");
  return *prefixes.begin();
}

// `wanted`, with its dot, where a model lies under it.
std::string chosen_of(const std::string& place, const std::set<std::string>& prefixes,
                      const std::string& wanted) {
  const std::string prefix = wanted.ends_with('.') ? wanted : wanted + '.';
  if (!prefixes.contains(prefix))
    fail(ErrorCode::kUsage, "--prefix ", wanted, ": ", place, " has no model under it, but ",
         prefixes.empty() ? "none at all" : "under " + listed(prefixes));
  return prefix;
}

}  // namespace

std::unique_ptr<const WeightSource> without_model_prefix(
    std::unique_ptr<const WeightSource> weights, const std::string& prefix) {
  const auto prefixes = prefixes_of(weights->tensors());
  if (prefix.empty() && (prefixes.empty() || prefixes.contains(""))) return weights;
  const std::string found = prefix.empty() ? only_of(weights->name(), prefixes)
                                           : chosen_of(weights->name(), prefixes, prefix);
  return std::make_unique<const PrefixedWeights>(std::move(weights), found);
}

}  // namespace albert
