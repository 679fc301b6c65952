#include "apps/bench/call_costs.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "albert/base/error.h"
#include "albert/kernels/dispatch.h"

namespace albert::bench {
namespace {

using kernels::Grad;
using kernels::MatmulShape;

// Says how a kernel uses its operands, one letter each in the order of the call:
//   r  read or written once      u  read and written          .  a number
//   g  a gradient, as the number behind it says (Grad)        -  not touched on a GPU
//   t  read three times
// and against the first of the r and t, which says how many rows or columns:
//   c  that many columns of a wider matrix    i  that many rows of a table, read    j  .. read and
//   written s  that many rows of a gradient, read and written; the rest zeroed where Grad says so
// Scratch memory that is an operand is counted as if it did not stay in the caches; partial sums of
// reductions, a few hundredths of what is summed, are left out.
struct Traffic {
  std::string_view kernel, operands;
};
constexpr Traffic kTraffic[] = {
    {"accumulate", "g.r"},
    {"adamw_update", "uuurrrr...."},
    {"attention_backward", "c.c.c.rrrc.c.c.ru..rrr.....rr"},
    {"attention_forward", "rrrrc.c.c...rrr.....rr"},
    {"bias_activation_backward", "g.urrr."},
    {"bias_activation_forward", "rrr."},
    {"binary_cross_entropy_backward", "g.rrrr."},
    {"binary_cross_entropy_forward", "rrrrr."},
    {"cross_entropy_backward", "g.rrrrr..r"},
    {"cross_entropy_forward", "rrrrrrr..r"},
    {"dropout_backward", "g.r....rr"},
    {"dropout_forward", "rr....rr"},
    {"embedding_backward", "jjjtrrrrrr."},
    {"embedding_forward", "riiirrr"},
    {"gather_rows", "rir"},
    {"lamb_update", "uuurrurrrr...."},
    {"layer_norm_backward", "g.g.uurrrrrr....rr"},
    {"layer_norm_forward", "rrrrrrr.....rr"},
    {"linear_activation_backward", "ruurrr."},
    {"linear_activation_forward", "rrrr-r."},
    {"linear_forward", "rrr-r."},
    {"matmul", "rrr..."},
    {"mean_squared_error_backward", "g.rrr."},
    {"mean_squared_error_forward", "rrrr."},
    {"moving_average", "urr."},
    {"pair_divergence_backward", "g.rrrrrrrr"},
    {"pair_divergence_forward", "rrrrrrrr"},
    {"scatter_rows", "s.rr"},
    {"softmax_pool_backward", "g.g.urrrr"},
    {"softmax_pool_forward", "rrrrr"},
    {"span_cross_entropy_backward", "g.rrrrrr"},
    {"span_cross_entropy_forward", "rrrrrr"},
    {"sum_of_squares", "rrr"},
    {"sum_rows", "ur"},
    {"top_rows", "rrr"},
    {"unpack_rows", "rrr"},
    {"update_factors", "rurrr....."},
};

std::string_view operands_of(const std::string& kernel) {
  const auto* const row = std::find_if(std::begin(kTraffic), std::end(kTraffic),
                                       [&](const Traffic& t) { return t.kernel == kernel; });
  ALBERT_CHECK(row != std::end(kTraffic), "what ", kernel,
               " moves is not known: it needs a row in call_costs.cpp");
  return row->operands;
}

double bytes_of(const Tensor& t) { return t ? static_cast<double>(t.bytes()) : 0; }

double times_touched(uint64_t mode) {
  switch (static_cast<Grad>(mode)) {
    case Grad::kIgnore: return 0;
    case Grad::kAssign: return 1;
    case Grad::kAdd: return 2;
  }
  return 0;
}

// The bytes of as many rows of `table` as `like` has.
double bytes_of_rows(const Tensor& table, const Tensor& like) {
  return std::min(bytes_of(table), static_cast<double>(like.shape.rows() * table.shape[-1]) *
                                       static_cast<double>(size_of(table.dtype)));
}

// The bytes of as many columns of `matrix` as `like` has.
double bytes_of_columns(const Tensor& matrix, const Tensor& like) {
  return static_cast<double>(matrix.shape.rows() * like.shape[-1]) *
         static_cast<double>(size_of(matrix.dtype));
}

double bytes_moved(char use, const Tensor& t, uint64_t next, const Tensor& like) {
  if (!t) return 0;
  switch (use) {
    case 'r': return bytes_of(t);
    case 'u': return 2 * bytes_of(t);
    case 't': return 3 * bytes_of(t);
    case 'g': return times_touched(next) * bytes_of(t);
    case 'c': return bytes_of_columns(t, like);
    case 'i': return bytes_of_rows(t, like);
    case 'j': return 2 * bytes_of_rows(t, like);
    case 's':
      return 2 * bytes_of_rows(t, like) +
             (static_cast<Grad>(next) == Grad::kAssign ? bytes_of(t) : 0);
    default: return 0;
  }
}

// The name of a matmul in a profile.
const char* name_of(const MatmulShape& shape) {
  return shape.packed ? "linear" : shape.transpose_a ? "matmul (weight gradients)" : "matmul";
}

void add(Cost& to, const Cost& cost) {
  to.calls += cost.calls;
  to.bytes += cost.bytes;
  to.flops += cost.flops;
  to.seconds += cost.seconds;
}

}  // namespace

void CallCosts::set_lengths(std::vector<int64_t> lengths) {
  finish();
  lengths_ = std::move(lengths);
}

void CallCosts::call(const char* kernel) {
  finish();
  kernel_ = kernel;
}

void CallCosts::finish() {
  if (kernel_.empty()) return;
  if (kernel_ == "linear_forward")
    add_linear(1);
  else if (kernel_ == "linear_activation_forward")
    add_linear(2);
  else if (kernel_ == "linear_activation_backward")
    add_linear_backward();
  else if (kernel_ == "matmul")
    add_matmul();
  else if (kernel_ == "attention_forward" || kernel_ == "attention_backward")
    add_attention();
  else {
    const double bytes = bytes_of_operands();
    add(kernels_[kernel_], {1, bytes, 0, memory_seconds(gpu_, bytes)});
  }
  kernel_.clear();
  items_.clear();
}

double CallCosts::bytes_of_operands() const {
  const std::string_view uses = operands_of(kernel_);
  ALBERT_CHECK(uses.size() == items_.size(), kernel_, " has ", items_.size(), " operands, ",
               uses.size(), " in the table of call_costs.cpp");
  const Tensor like = items_[uses.find_first_of("rt")].tensor;
  double bytes = 0;
  for (size_t i = 0; i < uses.size(); ++i)
    bytes += bytes_moved(uses[i], items_[i].tensor,
                         i + 1 < uses.size() ? items_[i + 1].attribute : 0, like);
  return bytes;
}

// (y, .., x, weight, packed, bias, activation)
void CallCosts::add_linear(size_t x_at) {
  const Tensor &y = items_[0].tensor, &x = items_[x_at].tensor;
  add_matmul({.m = y.shape[0],
              .n = y.shape[1],
              .k = x.shape[1],
              .transpose_b = true,
              .packed = true,
              .bias = static_cast<bool>(items_[x_at + 3].tensor),
              .activation = static_cast<kernels::Activation>(items_[x_at + 4].attribute),
              .dtype = x.dtype},
             false);
}

// linear_activation_backward(dx, dbias, scratch, dy, weight, kept, activation)
void CallCosts::add_linear_backward() {
  const Tensor &dx = items_[0].tensor, &dy = items_[3].tensor;
  add_matmul({.m = dx.shape[0],
              .n = dx.shape[1],
              .k = dy.shape[1],
              .activation = static_cast<kernels::Activation>(items_[6].attribute),
              .dtype = dy.dtype},
             false);
}

// matmul(c, a, b, {transpose_a, transpose_b, accumulate})
void CallCosts::add_matmul() {
  const Tensor &c = items_[0].tensor, &a = items_[1].tensor;
  const bool transpose_a = items_[3].attribute != 0;
  add_matmul({.m = c.shape[0],
              .n = c.shape[1],
              .k = a.shape[transpose_a ? 0 : 1],
              .transpose_a = transpose_a,
              .transpose_b = items_[4].attribute != 0,
              .dtype = a.dtype},
             items_[5].attribute != 0);
}

void CallCosts::add_matmul(const MatmulShape& shape, bool accumulate) {
  const double bytes = bytes_of_operands() + (accumulate ? bytes_of(items_[0].tensor) : 0);
  const Cost cost{1, bytes, shape.flops(), matmul_seconds(gpu_, shape, bytes)};
  add(kernels_[name_of(shape)], cost);
  add(matmuls_[shape], cost);
}

// .. heads, head_size, cu_seqlens_q, cu_seqlens_k, positions_q, max_seqlen and dropout's six come
// last in both.
// Lengths are not read from cu_seqlens, which a dry run need not fill: where only some queries are
// computed, each is taken to see the mean of the lengths.
void CallCosts::add_attention() {
  const size_t heads_at = operands_of(kernel_).size() - 12;
  const double bytes = bytes_of_operands();
  const bool backward = kernel_ == "attention_backward";
  const Tensor &out = items_[backward ? 6 : 0].tensor, &k = items_[backward ? 11 : 6].tensor;
  double pairs = 0;
  for (const int64_t n : lengths_) pairs += static_cast<double>(n * n);
  const double queries = static_cast<double>(out.shape[0]);
  if (out.shape[0] != k.shape[0])
    pairs = queries * static_cast<double>(k.shape[0]) / static_cast<double>(lengths_.size());
  const AttentionWork work{pairs,
                           queries,
                           static_cast<int64_t>(items_[heads_at].attribute),
                           static_cast<int64_t>(items_[heads_at + 1].attribute),
                           out.dtype,
                           backward};
  add(kernels_[kernel_], {1, bytes, work.flops(), attention_seconds(gpu_, work, bytes)});
}

Cost CallCosts::total() const {
  Cost total;
  for (const auto& [kernel, cost] : kernels_) add(total, cost);
  return total;
}

}  // namespace albert::bench
