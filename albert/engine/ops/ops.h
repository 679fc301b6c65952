#pragma once
// The differentiable operations. Each allocates its output, runs the forward kernel and registers
// its backward with the tape. Vars and Tensors lie on the device; HostViews (ids, labels, lengths,
// row numbers) lie on the host and must outlive the step. Shapes and dtypes are those of the kernel
// of the same name; F is the compute type. Parameters are taken by reference: their addresses are
// stable.
#include "albert/engine/parameter.h"
#include "albert/engine/tape.h"
#include "albert/kernels/attention.h"
#include "albert/kernels/cross_entropy.h"
#include "albert/kernels/matmul.h"

namespace albert {
class PackedBatch;
}

namespace albert::ops {

// A weight [out, in] and its bias [out], as torch.nn.Linear.
struct Linear {
  const Parameter& weight;
  const Parameter& bias;
  // False: the caller runs the layer several times and calls add_linear_gradients for all of them.
  bool adds_gradients = true;
};
struct LayerNorm {
  const Parameter& gamma;
  const Parameter& beta;
  double eps;
};
struct EmbeddingTables {
  const Parameter &word, &token_type, &position;
  int64_t padding_idx;
};
struct EmbeddingIds {
  HostView input_ids, token_type_ids, position_ids;        // [T] i32
  HostView by_input_id, by_token_type_id, by_position_id;  // kernels::RowOrders, for a GPU
};

// kernels::Dropout with its row_ids [rows] i64 on the host. Probability 0: no dropout.
struct Dropout {
  double probability = 0;
  uint64_t seed = 0, step = 0;
  uint32_t site = 0;
  HostView row_ids = {};
};

// kernels::AttentionShape with its arrays on the host.
struct AttentionShape {
  int64_t heads = 0, head_size = 0;
  HostView cu_seqlens_q, cu_seqlens_k;  // [B + 1] i32
  HostView positions_q;                 // [Tq] i32
};

// kernels::CrossEntropy with its class_weights [C] f32, or none, on the host.
struct CrossEntropy {
  HostView class_weights = {};
  double label_smoothing = 0, scale = 1;
};

// What kernels::pair_divergence_forward takes beside the logits: cu_seqlens [B + 1], partners [B]
// i32, weights [B, C] f32, scale [C] f64.
struct Pairs {
  HostView cu_seqlens, partners, weights, scale;
};

// y [rows, out] = x weightT + bias
Var linear(Tape& t, Var x, const Linear& layer, const Placement& at = {});

// weight.grad += dyT x
void add_weight_gradient(Tape& t, const Parameter& weight, Tensor dy, Tensor x);
// Adds what linear's backward adds: weight.grad += dyT x;  bias.grad += sum over rows of dy
void add_linear_gradients(Tape& t, const Linear& layer, Tensor dy, Tensor x);

// y = activation(linear(x)). In inference it is one fused matmul, since backward needs nothing.
Var linear_activation(Tape& t, Var x, const Linear& layer, kernels::Activation activation);

// y = outer(activation(inner(x))). Its backward multiplies by the activation's slope within outer's
// matmul, which also sums the gradient of inner's bias, whatever inner.adds_gradients says.
// `wide` places inner's activated output and the gradient before the activation; `at` places y.
Var feed_forward(Tape& t, Var x, const Linear& inner, const Linear& outer,
                 kernels::Activation activation, const Placement& wide = {},
                 const Placement& at = {});

// y = LayerNorm(dropout(x) + residual);  `residual` may be null
Var layer_norm(Tape& t, Var x, const Var* residual, const LayerNorm& norm, const Dropout& dropout,
               const Placement& at = {});

// y = dropout(x); x itself when the probability is 0
Var dropout(Tape& t, Var x, const Dropout& dropout);

// y [T, E] = the sum of the three tables' rows
Var embedding(Tape& t, const EmbeddingTables& tables, const EmbeddingIds& ids);
// y [T, E] = inputs_embeds [T, E] + the rows of the other two tables;  row_numbers [T] i32: 0..T-1
Var embedding(Tape& t, Var inputs_embeds, HostView row_numbers, const EmbeddingTables& tables,
              const EmbeddingIds& ids);

// q [Tq, H], key_value [Tk, 2H] -> [Tq, H].  `probabilities` as in albert/kernels/attention.h, or
// empty
Var attention(Tape& t, Var q, Var key_value, const AttentionShape& shape, Tensor probabilities,
              const Dropout& dropout, const Placement& at = {});

// A copy of x at `at`.
Var copy(Tape& t, Var x, const Placement& at);

// y [R, cols] = rows `index` [R] i32, ascending, of x
Var gather_rows(Tape& t, Var x, HostView index);

// An output for the host: rows [T, cols] F of a packed batch as [B, S, cols] accumulator(F), zeros
// at padding. It has no gradient. `batch` must outlive the step.
Tensor unpack_rows(Tape& t, Tensor rows, const PackedBatch& batch);
// x in accumulator(F), for the host; x itself where that is F.
Tensor widen(Tape& t, Tensor x);

// x under another shape of equal size, in the same memory.
Var reshape(Tape& t, Var x, Shape shape);

// The losses: [1] accumulator(F).
//   labels [R] i32;  cu_seqlens [B + 1] i32, positions [B, C] i32, scale [C] f64;
//   targets [R, C] f32, class_weights [C] f32 or empty;  best as the kernel gives it, or empty
Var cross_entropy(Tape& t, Var logits, HostView labels, const CrossEntropy& options,
                  Tensor best = {});
Var span_cross_entropy(Tape& t, Var logits, HostView cu_seqlens, HostView positions,
                       HostView scale);
Var binary_cross_entropy(Tape& t, Var logits, HostView targets, HostView class_weights,
                         double scale);
Var mean_squared_error(Tape& t, Var x, HostView targets, double scale);
// logits [T, C], or a matrix of as many numbers in the same order
Var pair_divergence(Tape& t, Var logits, const Pairs& pairs);

}  // namespace albert::ops
