#include "albert/heads/albert_model.h"

#include <algorithm>

#include "albert/heads/needed_rows.h"
#include "albert/heads/state_dict.h"

namespace albert {
namespace {

double inner_product(const HostTensor& a, const HostTensor& b) {
  const HostTensor x = a.to(DType::kF64), y = b.to(DType::kF64);
  double sum = 0;
  for (int64_t i = 0; i < x.size(); ++i) sum += x.at<double>(i) * y.at<double>(i);
  return sum;
}

void check_upstream(const HostTensor& upstream, const char* name,
                    const std::vector<int64_t>& shape) {
  if (!upstream.empty() && (upstream.shape() != shape || !is_float(upstream.dtype())))
    fail(ErrorCode::kBadData, "upstream.", name, " is ", upstream.shape_string(), " ",
         upstream.dtype(), ", wanted floats ", HostTensor(DType::kU8, shape).shape_string());
}

HostView rows_of(const HostTensor& t) { return t.view({t.dim(0), t.dim(1)}); }

// The upstream gradients of one step, in the type that gradients are summed in.
struct Upstreams {
  HostTensor rows, pooled;  // [T, H] and [B, H], each empty where none is given
  bool given() const { return !rows.empty() || !pooled.empty(); }
};

Upstreams upstreams_of(const ModelUpstreams& given, const PackedBatch& batch, int64_t hidden,
                       DType sums) {
  check_upstream(given.last_hidden_state, "last_hidden_state",
                 {batch.batch_size(), batch.padded_length(), hidden});
  check_upstream(given.pooler_output, "pooler_output", {batch.batch_size(), hidden});
  Upstreams upstreams;
  if (!given.last_hidden_state.empty())
    upstreams.rows = batch.pack(given.last_hidden_state.to(sums), "upstream.last_hidden_state");
  if (!given.pooler_output.empty()) upstreams.pooled = given.pooler_output.to(sums);
  return upstreams;
}

}  // namespace

AlbertModel::AlbertModel(const AlbertConfig& config, bool add_pooling_layer)
    : PreTrained(config, "AlbertModel"),
      backbone_(store(), "", config_,
                add_pooling_layer ? Backbone::Pooling::kFirstToken : Backbone::Pooling::kNone) {}

AlbertModel AlbertModel::fitting(const AlbertConfig& config, const WeightSource& weights) {
  const auto& tensors = weights.tensors();
  const bool has_pooler = std::any_of(tensors.begin(), tensors.end(), [](const auto& tensor) {
    return part_of(tensor.first) == ModelPart::kPooler;
  });
  return AlbertModel(config, has_pooler);
}

Deferred<BaseModelOutputWithPooling> AlbertModel::start(BatchInputs inputs,
                                                        const ModelUpstreams& given,
                                                        const ForwardOptions& options) {
  check_plain(options.loss);
  counts_of(options.loss, {});
  const auto batch = std::make_shared<const PackedBatch>(pack(inputs));
  if (!given.pooler_output.empty() && !has_pooler())
    fail(ErrorCode::kBadData, "upstream.pooler_output: found ", given.pooler_output.shape_string(),
         ", wanted none: the model has no pooler");
  const auto upstreams = std::make_shared<const Upstreams>(
      upstreams_of(given, *batch, config_.hidden_size, master_dtype(precision())));
  const bool every_row = wants_every_row(options) || !upstreams->rows.empty();
  const NeededRows rows =
      every_row ? NeededRows::all(*batch) : NeededRows::only(*batch, batch->first_rows());
  const std::vector<int32_t> first = rows.locate(batch->first_rows());

  std::optional<BackboneOutput> result;
  Tensor last;
  run(options, *batch, [&](Tape& t) {
    result = backbone_(t, *batch, encoder_call(options, *batch, rows.views()), HostView::of(first));
    const Var states = result->encoder.last_hidden_state;
    last = every_row ? ops::unpack_rows(t, states.value(), *batch)
                     : ops::widen(t, ops::gather_rows(t, states, HostView::of(first)).value());
    std::vector<Upstream> seeds;
    if (!upstreams->rows.empty())
      seeds.push_back({result->encoder.last_hidden_state, rows_of(upstreams->rows)});
    if (!upstreams->pooled.empty()) seeds.push_back({*result->pooled, rows_of(upstreams->pooled)});
    return seeds;
  });

  const auto common = start_output(*batch, *result, {});
  const auto states = start_to_host(last);
  const auto pooled =
      start_to_host(result->pooled ? std::vector{result->pooled->value()} : std::vector<Tensor>{});
  return Deferred<BaseModelOutputWithPooling>([=] {
    BaseModelOutputWithPooling out{common.get(), {}, {}};
    for (const auto& output : pooled) out.pooler_output = output.get();
    out.last_hidden_state = states.get();
    if (!every_row)
      out.last_hidden_state =
          out.last_hidden_state.reshaped({batch->batch_size(), 1, out.last_hidden_state.dim(1)});
    if (upstreams->given())
      out.loss =
          (upstreams->rows.empty()
               ? 0
               : inner_product(batch->pack(out.last_hidden_state, "output"), upstreams->rows)) +
          (upstreams->pooled.empty() ? 0 : inner_product(out.pooler_output, upstreams->pooled));
    return out;
  });
}

}  // namespace albert
