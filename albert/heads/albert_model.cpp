#include "albert/heads/albert_model.h"

#include "albert/heads/needed_rows.h"

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

Tensor float_view(const HostTensor& t) {
  return {const_cast<void*>(t.raw()), {t.dim(0), t.dim(1)}, t.dtype()};
}

}  // namespace

AlbertModel::AlbertModel(const AlbertConfig& config)
    : PreTrained(config, "AlbertModel"),
      backbone_(store(), "", config_, Backbone::Pooling::kFirstToken) {}

BaseModelOutputWithPooling AlbertModel::forward(BatchInputs inputs, const ModelUpstreams& upstreams,
                                                const ForwardOptions& options) {
  const PackedBatch batch = pack(inputs);
  const int64_t hidden = config_.hidden_size;
  check_upstream(upstreams.last_hidden_state, "last_hidden_state",
                 {batch.batch_size(), batch.padded_length(), hidden});
  check_upstream(upstreams.pooler_output, "pooler_output", {batch.batch_size(), hidden});
  const bool has_rows = !upstreams.last_hidden_state.empty(),
             has_pooled = !upstreams.pooler_output.empty();
  const DType sums = master_dtype(precision());
  const HostTensor drows =
      has_rows ? batch.pack(upstreams.last_hidden_state.to(sums), "upstream.last_hidden_state")
               : HostTensor();
  const HostTensor dpooled = has_pooled ? upstreams.pooler_output.to(sums) : HostTensor();
  const NeededRows rows = NeededRows::all(batch);
  const std::vector<int32_t> first = rows.locate(batch.first_rows());

  std::optional<BackboneOutput> result;
  run(options, batch, [&](Tape& t) {
    result = backbone_(t, batch, encoder_call(options, batch, rows.views()), i32_view(first));
    std::vector<Upstream> seeds;
    if (has_rows) seeds.push_back({result->encoder.last_hidden_state, float_view(drows)});
    if (has_pooled) seeds.push_back({*result->pooled, float_view(dpooled)});
    return seeds;
  });

  BaseModelOutputWithPooling out;
  fill(out, batch, *result, {});
  const HostTensor packed = to_host(result->encoder.last_hidden_state.value());
  out.last_hidden_state = batch.unpack(packed);
  out.pooler_output = to_host(result->pooled->value());
  if (has_rows || has_pooled)
    out.loss = (has_rows ? inner_product(packed, drows) : 0) +
               (has_pooled ? inner_product(out.pooler_output, dpooled) : 0);
  return out;
}

}  // namespace albert
