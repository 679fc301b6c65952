#pragma once
// The differentiable operations: each allocates its output, runs the forward kernel and records
// what backward does. Vars and parameters lie on the device, Tensors (ids, labels, lengths, row
// numbers) with the host. Shapes as in the kernel of the same name; parameters by reference, for
// they have stable addresses.
#include <span>

#include "albert/engine/parameter.h"
#include "albert/engine/tape.h"
#include "albert/kernels/attention.h"
#include "albert/kernels/cross_entropy.h"
#include "albert/kernels/matmul.h"

namespace albert::ops {

// A weight [out, in] and its bias [out], as torch.nn.Linear.
struct Linear {
  const Parameter& weight;
  const Parameter& bias;
  bool adds_gradients =
      true;  // false: whoever runs it several times calls add_linear_gradients for all of them
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
  Tensor input_ids, token_type_ids, position_ids;  // [T] i32
};

// What a dropout reads, on the device.
kernels::Dropout on_device(Tape& t, kernels::Dropout dropout);

// y [rows, out] = x weightT + bias
Var linear(Tape& t, Var x, const Linear& layer, const Placement& at = {});

// weight.grad += dyT x
void add_weight_gradient(Tape& t, const Parameter& weight, Tensor dy, Tensor x);
// What linear's backward adds: weight.grad += dyT x;  bias.grad += sum over rows of dy
void add_linear_gradients(Tape& t, const Linear& layer, Tensor dy, Tensor x);

// y = activation(linear(x)); one fused matmul in inference, where nothing need be kept for backward
Var linear_activation(Tape& t, Var x, const Linear& layer, kernels::Activation activation);

// y = outer(activation(inner(x))), whose backward takes the activation's slope within outer's
// matmul. That matmul also sums the gradient of inner's bias, whatever inner.adds_gradients says.
// `wide`: inner's output after activation, and its gradient before; `at`: y
Var feed_forward(Tape& t, Var x, const Linear& inner, const Linear& outer,
                 kernels::Activation activation, const Placement& wide = {},
                 const Placement& at = {});

// y = LayerNorm(dropout(x) + residual)
Var layer_norm(Tape& t, Var x, const Var* residual, const LayerNorm& norm, kernels::Dropout dropout,
               const Placement& at = {});

// y = dropout(x); x itself when the probability is 0
Var dropout(Tape& t, Var x, kernels::Dropout dropout);

// y [T, E]: sum of the three tables' rows
Var embedding(Tape& t, const EmbeddingTables& tables, const EmbeddingIds& ids);
// The same with given word vectors [T, E] in place of the word table
Var embedding(Tape& t, Var inputs_embeds, Tensor row_numbers, const EmbeddingTables& tables,
              const EmbeddingIds& ids);

// q [Tq, H], key_value [Tk, 2H] -> [Tq, H];  `probabilities` as in albert/kernels/attention.h and
// on the device, or empty
Var attention(Tape& t, Var q, Var key_value, kernels::AttentionShape shape, Tensor probabilities,
              kernels::Dropout dropout, const Placement& at = {});

// y = x, elsewhere
Var copy(Tape& t, Var x, const Placement& at);

// y [R, cols] = rows `index` of x
Var gather_rows(Tape& t, Var x, Tensor index);

// The same elements under another shape of equal size
Var reshape(Tape& t, Var x, Shape shape);

// The losses: [1] in accumulator(F)
Var cross_entropy(Tape& t, Var logits, Tensor labels, kernels::CrossEntropy options);
Var span_cross_entropy(Tape& t, Var logits, Tensor cu_seqlens, Tensor positions, Tensor scale);
Var binary_cross_entropy(Tape& t, Var logits, Tensor targets, Tensor class_weights, double scale);
Var mean_squared_error(Tape& t, Var x, Tensor targets, double scale);

}  // namespace albert::ops
