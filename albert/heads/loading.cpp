// How a model gets its values, from a folder or at random, and gives them back.
#include <cstring>
#include <functional>

#include "albert/base/printable.h"
#include "albert/engine/transfer.h"
#include "albert/engine/weights/model_folder.h"
#include "albert/heads/pretrained_model.h"
#include "albert/heads/state_dict.h"

namespace albert {
namespace {

std::string listed(const std::vector<std::string>& names) { return joined_first(names, 6); }

// Infinities and NaNs are the values whose exponent has all its bits set.
template <class Bits>
int64_t count_exponents(const HostTensor& t, Bits mask) {
  const auto* at = static_cast<const std::byte*>(t.raw());
  int64_t count = 0;
  for (int64_t i = 0; i < t.size(); ++i, at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, at, sizeof(bits));
    count += (bits & mask) == mask;
  }
  return count;
}

int64_t count_not_finite(const HostTensor& t) {
  switch (t.dtype()) {
    case DType::kF64: return count_exponents<uint64_t>(t, 0x7FF0'0000'0000'0000);
    case DType::kF32: return count_exponents<uint32_t>(t, 0x7F80'0000);
    case DType::kBF16: return count_exponents<uint16_t>(t, 0x7F80);
    case DType::kF16: return count_exponents<uint16_t>(t, 0x7C00);
    default: return 0;
  }
}

// What may start at random is a matter of the head: its own tensors and its pooler, where the
// caller means to train them. Embeddings and encoder are the model.
void check_missing(const StateDict& found, const std::string& place,
                   const std::string& architecture, bool allow_missing) {
  std::vector<std::string> encoder, head;
  for (const Parameter* p : found.missing) {
    const ModelPart part = part_of(p->name);
    const bool is_head = part == ModelPart::kPooler || part == ModelPart::kHead;
    (is_head ? head : encoder).push_back(described(*p));
  }
  if (!encoder.empty())
    fail(ErrorCode::kMismatch, place, ": found no tensor ", listed(encoder),
         ", wanted every tensor of an ALBERT encoder of this config",
         found.unexpected.empty() ? "" : "; not used are " + listed(found.unexpected));
  if (!head.empty() && !allow_missing)
    fail(ErrorCode::kMismatch, place, ": found no tensor ", listed(head), ", wanted a trained ",
         architecture, "; train its head first");
}

}  // namespace

void AlbertPreTrainedModel::add_warnings(const std::vector<std::string>& warnings) {
  report_.warnings.insert(report_.warnings.end(), warnings.begin(), warnings.end());
}

void AlbertPreTrainedModel::initialize(const ModelOptions& options) {
  materialize(options);
  if (options.backend.device == Device::kMeta) return;
  draw_values(nullptr);
  sync_compute_copies();
}

void AlbertPreTrainedModel::draw_values(const std::function<bool(const Parameter&)>& wanted) {
  store_->initialize(options_.seed, config_.initializer_range, wanted);
  Parameter* words = word_embeddings_of(*store_);
  if (config_.pad_token_id && words && (!wanted || wanted(*words)))
    zero_padding_row(backend(), *words, *config_.pad_token_id);
}

void AlbertPreTrainedModel::load(const std::filesystem::path& folder, const ModelOptions& options) {
  load(*open_weights(folder, options.prefix), options);
}

void AlbertPreTrainedModel::load(const WeightSource& weights, const ModelOptions& options) {
  const StateDict found = match_state_dict(*store_, config_, weights);
  check_missing(found, weights.name(), architecture_, options.allow_missing);
  if (!found.wrong.empty()) fail(ErrorCode::kMismatch, weights.name(), ": ", listed(found.wrong));
  materialize(options);
  report_.unexpected = found.unexpected;
  report_.warnings = weights.notes();
  for (const Parameter* p : found.missing) report_.missing.push_back(described(*p));
  draw_values([&](const Parameter& p) { return !found.sources.contains(p.name); });
  for (const Parameter& p : store_->all()) {
    const auto source = found.sources.find(p.name);
    if (source == found.sources.end()) continue;
    const HostTensor values = weights.tensor(source->second);
    store_->write(p, values);
    if (const int64_t n = count_not_finite(values))
      report_.warnings.push_back(p.name + " holds " + std::to_string(n) +
                                 " values that are not finite");
  }
  weights.check_unchanged();
  sync_compute_copies();
}

TensorFile AlbertPreTrainedModel::state_dict() const {
  TensorFile file;
  for (const Parameter& p : store_->all()) file.tensors.emplace(p.name, to_host(p.value));
  return file;
}

TensorFile AlbertPreTrainedModel::gradients() const {
  ALBERT_CHECK(options_.trainable, "gradients were not kept: ModelOptions::trainable is false");
  TensorFile file;
  for (const Parameter& p : store_->all()) file.tensors.emplace(p.name, to_host(p.grad));
  return file;
}

void AlbertPreTrainedModel::save_pretrained(const std::filesystem::path& folder) const {
  AlbertConfig saved = config_;
  saved.architectures = {architecture_};
  TensorFile file = state_dict();
  for (auto& [name, tensor] : file.tensors) tensor = tensor.to(DType::kF32);
  save_model_folder(folder, saved.to_json(), file);
}

}  // namespace albert
