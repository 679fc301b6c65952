#include "albert/heads/pretrained_model.h"

#include <algorithm>

#include "albert/engine/transfer.h"

namespace albert {
namespace {

// Steps over more tokens keep a GPU busy even if they are not captured, so they are not bucketed.
constexpr int64_t kMaxBucketedTokens = 16384;

// Brings attention probabilities [B, heads, s, s] over packed keys to [B, heads, S, S] over
// columns.
HostTensor unpack_attentions(const HostTensor& packed, const PackedBatch& batch) {
  const int64_t heads = packed.dim(1), s = packed.dim(2), length = batch.padded_length();
  HostTensor padded(packed.dtype(), {batch.batch_size(), heads, length, length});
  const size_t size = size_of(packed.dtype());
  const auto* from = static_cast<const std::byte*>(packed.raw());
  auto* to = static_cast<std::byte*>(padded.raw());
  for (int64_t b = 0; b < batch.batch_size(); ++b) {
    const int64_t begin = batch.offsets()[static_cast<size_t>(b)],
                  n = batch.offsets()[static_cast<size_t>(b) + 1] - begin;
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < n; ++j) {
          const int64_t row = batch.column_of(begin + i), column = batch.column_of(begin + j);
          std::memcpy(
              to + static_cast<size_t>(((b * heads + h) * length + row) * length + column) * size,
              from + static_cast<size_t>(((b * heads + h) * s + i) * s + j) * size, size);
        }
  }
  return padded;
}

}  // namespace

AlbertPreTrainedModel::AlbertPreTrainedModel(AlbertConfig config, std::string architecture)
    : config_(std::move(config)), architecture_(std::move(architecture)) {
  config_.validate();
}

Session& AlbertPreTrainedModel::session() {
  ALBERT_CHECK(session_, "load() or initialize() comes first");
  return *session_;
}

kernels::Backend& AlbertPreTrainedModel::backend() const {
  ALBERT_CHECK(session_, "load() or initialize() comes first");
  return session_->backend();
}

namespace {

void check_int8(const ModelOptions& options) {
  if (options.weights != WeightFormat::kInt8) return;
  if (options.trainable)
    fail(ErrorCode::kUsage, "weights in int8 cannot be trained; train in f32 or bf16");
  if (options.precision != Precision::kF32)
    fail(ErrorCode::kUsage, "weights in int8 are computed with in f32; leave the precision at f32");
  if (options.backend.device == Device::kCuda)
    fail(ErrorCode::kNoDevice, "weights in int8 run on the CPU only; use --device cpu");
}

}  // namespace

void AlbertPreTrainedModel::materialize(const ModelOptions& options) {
  check_int8(options);
  if (options.precision == Precision::kF16 && options.backend.device == Device::kCpu)
    fail(ErrorCode::kNoDevice, "f16 runs on GPUs only; on the CPU use bf16 or f32");
  options_ = options;
  report_ = {};
  auto session = std::make_unique<Session>(options.backend);
  store_->materialize(session->backend(), options.precision, options.trainable, options.weights);
  // The old session goes only now, since the store has just given its old memory back to it.
  session_ = std::move(session);
}

namespace {

// Estimates how many of the batch's sequences would fit. A step's memory grows with its sequences;
// its arena holds `fixed` bytes, and a little more, without any.
std::string what_would_fit(const OutOfMemory& e, const PackedBatch& batch, size_t fixed) {
  constexpr double kMargin = 0.95;
  if (e.wanted() <= fixed) fixed = 0;  // then it was not the arena's allocation that failed
  const auto beyond = [&](size_t bytes) {
    return static_cast<double>(bytes - std::min(bytes, fixed));
  };
  const double share = kMargin * beyond(e.free()) / beyond(e.wanted());
  const auto fits = static_cast<int64_t>(share * static_cast<double>(batch.batch_size()));
  const std::string these = " of these " + std::to_string(batch.batch_size()) + " sequences";
  return fits > 0 ? ": about " + std::to_string(fits) + these + " would fit at once"
                  : ": not one" + these + " would fit, shorter ones may";
}

}  // namespace

void AlbertPreTrainedModel::run(const ForwardOptions& options, const PackedBatch& batch,
                                const std::function<std::vector<Upstream>(Tape&)>& program) {
  if (options.backward) ALBERT_CHECK(options_.trainable, "backward needs ModelOptions::trainable");
  const HostTensor one = HostTensor::of<double>({1}, {1}).to(master_dtype(precision()));
  const Mode mode = options.backward || options.dropout.active ? Mode::kTraining : Mode::kInference;
  if (mode == Mode::kTraining && options_.weights == WeightFormat::kInt8)
    fail(ErrorCode::kUsage, "weights in int8 are for inference: there is no dropout");
  try {
    session().run(mode, [&](Tape& t) {
      const auto upstreams = program(t);
      if (!options.backward) return;
      if (upstreams.empty())
        fail(ErrorCode::kBadData, "gradients need labels: there is no loss to differentiate");
      const Tensor dloss = options.loss_scale ? options.loss_scale : t.on_device(one.view({1}));
      for (const Upstream& upstream : upstreams)
        t.seed(upstream.y, upstream.dy ? t.on_device(upstream.dy) : dloss);
      t.backward();
    });
    return;
  } catch (const OutOfMemory& e) {
    if (keep(options, batch) == options.keep)
      throw OutOfMemory(e.what() + what_would_fit(e, batch, backend().workspace_bytes()),
                        e.wanted(), e.free());
    no_room_ = true;
  }
  run(options, batch, program);
}

Keep AlbertPreTrainedModel::keep(const ForwardOptions& options, const PackedBatch& batch) const {
  if (!options.backward || options.keep != Keep::kActivations || no_room_) return options.keep;
  return choose_keep(config_, precision(), batch.tokens(), backend().gpu_memory());
}

Keep choose_keep(const AlbertConfig& config, Precision precision, int64_t tokens,
                 int64_t gpu_memory) {
  constexpr int64_t kShare = 4;
  const int64_t bytes = Encoder::operand_bytes(config, tokens, compute_dtype(precision));
  return bytes <= gpu_memory / kShare ? Keep::kBatchedWeightGradients : Keep::kActivations;
}

EncoderCall AlbertPreTrainedModel::encoder_call(const ForwardOptions& options,
                                                const PackedBatch& batch,
                                                const RowViews& rows) const {
  return {rows, options.dropout, keep(options, batch), wants_hidden_states(options),
          wants_attentions(options)};
}

bool AlbertPreTrainedModel::wants_every_row(const ForwardOptions& options) const {
  return options.logits || wants_hidden_states(options) || wants_attentions(options);
}

NeededRows AlbertPreTrainedModel::pooled_rows(const ForwardOptions& options,
                                              const PackedBatch& batch) const {
  ForwardOptions states_only = options;
  states_only.logits = false;  // these heads' logits are of pooled rows alone
  return wants_every_row(states_only) ? NeededRows::all(batch)
                                      : NeededRows::only(batch, batch.first_rows());
}

ops::Dropout AlbertPreTrainedModel::classifier_dropout(const ForwardOptions& options,
                                                       HostView row_ids, double fallback) const {
  constexpr uint32_t kClassifierSite = 0x20000;  // behind the layers' and the embeddings'
  return options.dropout.at(kClassifierSite, config_.classifier_dropout_prob.value_or(fallback),
                            row_ids);
}

std::vector<double> AlbertPreTrainedModel::counts_of(const LossOptions& loss,
                                                     std::vector<double> own) const {
  if (loss.counts.empty()) return own;
  if (loss.counts.size() != own.size())
    fail(ErrorCode::kUsage, "LossOptions::counts has ", loss.counts.size(),
         " numbers, the loss of ", architecture_, " has ", own.size(), " terms");
  for (const double count : loss.counts)
    if (!(count >= 0))
      fail(ErrorCode::kUsage, "LossOptions::counts holds ", count, ", wanted 0 or more");
  return loss.counts;
}

void AlbertPreTrainedModel::check_unweighted(const LossOptions& loss) const {
  if (!loss.class_weights.empty() || loss.label_smoothing != 0)
    fail(ErrorCode::kUsage, "the loss of ", architecture_,
         " has neither class weights nor label smoothing");
}

void AlbertPreTrainedModel::check_one_pass(const LossOptions& loss) const {
  if (loss.rdrop_alpha != 0)
    fail(ErrorCode::kUsage, "the loss of ", architecture_, " has no R-Drop (rdrop_alpha)");
}

void AlbertPreTrainedModel::check_plain(const LossOptions& loss) const {
  check_unweighted(loss);
  check_one_pass(loss);
}

std::vector<AlbertPreTrainedModel::Upstream> AlbertPreTrainedModel::summed(
    const std::vector<Var>& terms, std::vector<Tensor>& losses) {
  std::vector<Upstream> upstreams;
  losses.clear();
  for (const Var& term : terms) {
    losses.push_back(term.value());
    upstreams.push_back({term});
  }
  return upstreams;
}

PackedBatch AlbertPreTrainedModel::pack(BatchInputs inputs, int64_t choices) const {
  const bool bucketed =
      session_ && backend().can_capture() && inputs.padded_tokens() <= kMaxBucketedTokens;
  const BatchLimits limits = batch_limits(config_);
  if (const Sequences* ragged = inputs.ragged(); ragged && ragged->choices != choices)
    fail(ErrorCode::kBadData, "the sequences have ", ragged->choices, " choices, ", architecture_,
         " wants ", choices);
  const auto packed = [&](BatchInputs given) {
    PackedBatch batch(given, limits, bucketed);
    if (session_ && options_.trainable && !backend().host_accessible()) batch.sort_rows(limits);
    return batch;
  };
  const ModelInputs* padded = inputs.padded();
  if (!padded || padded->inputs_embeds.shape().empty()) return packed(inputs);
  ModelInputs converted = *padded;
  converted.inputs_embeds = padded->inputs_embeds.to(compute_dtype(options_.precision));
  return packed(converted);
}

namespace {

HostTensor widened(HostTensor host) {
  const DType wide = is_float(host.dtype()) ? accumulator(host.dtype()) : host.dtype();
  return host.dtype() == wide ? std::move(host) : host.to(wide);
}

}  // namespace

HostTensor AlbertPreTrainedModel::to_host(Tensor t) const {
  return widened(download(backend(), t));
}

Deferred<HostTensor> AlbertPreTrainedModel::start_to_host(Tensor t) const {
  const Deferred<HostTensor> host = start_download(backend(), t);
  return Deferred<HostTensor>([host] { return widened(host.get()); });
}

std::vector<Deferred<HostTensor>> AlbertPreTrainedModel::start_to_host(
    const std::vector<Tensor>& tensors) const {
  std::vector<Deferred<HostTensor>> started;
  for (const Tensor& t : tensors) started.push_back(start_to_host(t));
  return started;
}

Deferred<ModelOutput> AlbertPreTrainedModel::start_output(const PackedBatch& batch,
                                                          const BackboneOutput& backbone,
                                                          const std::vector<Tensor>& losses) const {
  const bool embedded = backbone.inputs_embeds && backbone.inputs_embeds->grad();
  const auto gradient =
      start_to_host(embedded ? std::vector{backbone.inputs_embeds->grad()} : std::vector<Tensor>{});
  const auto states = start_to_host(backbone.encoder.hidden_states),
             attentions = start_to_host(backbone.encoder.attentions), terms = start_to_host(losses);
  const bool padded = !gradient.empty() || !attentions.empty();
  const auto kept = padded ? std::make_shared<const PackedBatch>(batch) : nullptr;
  return Deferred<ModelOutput>([=] {
    ModelOutput out;
    for (const auto& g : gradient) out.inputs_embeds_gradient = kept->unpack(g.get());
    for (const auto& state : states) out.hidden_states.push_back(state.get());
    for (const auto& p : attentions) out.attentions.push_back(unpack_attentions(p.get(), *kept));
    for (const auto& term : terms) out.loss = out.loss.value_or(0) + value_of(term.get());
    return out;
  });
}

}  // namespace albert
