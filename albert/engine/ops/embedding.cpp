#include "albert/kernels/embedding.h"

#include "albert/engine/ops/ops.h"
#include "albert/kernels/row_ops.h"

namespace albert::ops {
namespace {

struct DeviceIds {
  Tensor input_ids, token_type_ids, position_ids;
  kernels::RowOrders orders;
};

DeviceIds on_device(Tape& t, const EmbeddingIds& ids) {
  const auto if_training = [&](HostView order) {
    return t.training() ? t.on_device(order) : Tensor{};
  };
  return {t.on_device(ids.input_ids),
          t.on_device(ids.token_type_ids),
          t.on_device(ids.position_ids),
          {if_training(ids.by_input_id), if_training(ids.by_token_type_id),
           if_training(ids.by_position_id)}};
}

}  // namespace

Var embedding(Tape& t, const EmbeddingTables& tables, const EmbeddingIds& host_ids) {
  const DeviceIds ids = on_device(t, host_ids);
  const auto &word = tables.word, &token_type = tables.token_type, &position = tables.position;
  Var y = t.output({ids.input_ids.shape[0], word.shape[1]}, word.compute.dtype);
  kernels::embedding_forward(t.stream(), y.value(), word.compute, token_type.compute,
                             position.compute, ids.input_ids, ids.token_type_ids, ids.position_ids);
  t.on_backward(y, [=, &word, &token_type, &position, padding_idx = tables.padding_idx](Tape& tape,
                                                                                        Tensor dy) {
    kernels::embedding_backward(tape.stream(), word.grad, token_type.grad, position.grad, dy,
                                ids.input_ids, ids.token_type_ids, ids.position_ids, ids.orders,
                                padding_idx);
  });
  return y;
}

Var embedding(Tape& t, Var inputs_embeds, HostView host_row_numbers, const EmbeddingTables& tables,
              const EmbeddingIds& host_ids) {
  const DeviceIds ids = on_device(t, host_ids);
  const Tensor row_numbers = t.on_device(host_row_numbers);
  const auto &token_type = tables.token_type, &position = tables.position;
  Var y = t.output(inputs_embeds.shape(), inputs_embeds.dtype());
  kernels::embedding_forward(t.stream(), y.value(), inputs_embeds.value(), token_type.compute,
                             position.compute, row_numbers, ids.token_type_ids, ids.position_ids);
  t.on_backward(y, [=, &token_type, &position](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(inputs_embeds);
    kernels::embedding_backward(tape.stream(), {}, token_type.grad, position.grad, dy, row_numbers,
                                ids.token_type_ids, ids.position_ids, ids.orders, -1);
    if (dx.mode != Grad::kIgnore) kernels::accumulate(tape.stream(), dx.tensor, dx.mode, dy);
  });
  return y;
}

}  // namespace albert::ops
