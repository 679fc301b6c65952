#pragma once
// Operands of attention for its tests, and what it computes by plain loops.
#include "albert/kernels/attention.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {

inline TestTensor offsets(const std::vector<int64_t>& lengths) {
  std::vector<int32_t> cu = {0};
  for (const int64_t n : lengths) cu.push_back(cu.back() + static_cast<int32_t>(n));
  return TestTensor::of<int32_t>({static_cast<int64_t>(cu.size())}, cu);
}

// A packed batch: queries in a matrix of their own, k and v as halves of another, in the middle of
// wider ones.
struct AttentionCase {
  AttentionCase(DType dtype, int64_t heads_, int64_t size_, const std::vector<int64_t>& q_lengths,
                const std::vector<int64_t>& k_lengths, double p = 0, double scale = 1,
                int64_t margin_ = 3)
      : margin(margin_),
        heads(heads_),
        size(size_),
        width(heads * size),
        cu_q(offsets(q_lengths)),
        cu_k(offsets(k_lengths)),
        tq(static_cast<int64_t>(cu_q.get(cu_q.size() - 1))),
        tk(static_cast<int64_t>(cu_k.get(cu_k.size() - 1))),
        q(TestTensor::random(dtype, {tq, width + margin}, 1, scale)),
        kv(TestTensor::random(dtype, {tk, 2 * width}, 2, scale)),
        dout(TestTensor::random(dtype, {tq, width}, 3)),
        out(TestTensor(dtype, {tq, width}).poisoned()),
        out_error(TestTensor(DType::kBF16, {tq, width}).poisoned()),
        lse(accumulator(dtype), {heads, tq}),
        positions(DType::kI32, {tq}),
        row_ids(DType::kI64, {tq}) {
    for (size_t b = 0, row = 0; b < q_lengths.size(); ++b)
      for (int64_t i = 0; i < q_lengths[b]; ++i, ++row) {
        positions.set(static_cast<int64_t>(row), static_cast<double>(i));
        row_ids.set(static_cast<int64_t>(row),
                    static_cast<double>(1000 * b + static_cast<size_t>(i)));
      }
    dropout = {p, 3, 4, 5, {}};
    for (const auto& lengths : {q_lengths, k_lengths})
      for (const int64_t n : lengths) longest = std::max(longest, n);
  }
  explicit AttentionCase(DType dtype, int64_t heads_, int64_t size_,
                         const std::vector<int64_t>& lengths, double p = 0)
      : AttentionCase(dtype, heads_, size_, lengths, lengths, p) {}

  kernels::AttentionShape shape() const { return {heads, size, cu_q, cu_k, positions, longest}; }
  kernels::Dropout dropped() const {
    return {dropout.probability, dropout.seed, dropout.step, dropout.site, row_ids};
  }
  void forward(const kernels::Stream& s, Tensor probabilities = {}) {
    kernels::attention_forward(s, out, out_error, lse, probabilities, {q, margin}, {kv, 0},
                               {kv, width}, shape(), dropped());
  }
  void backward(const kernels::Stream& s, const TestTensor& dq, const TestTensor& dkv) const {
    backward(s, dq, dkv, out_error);
  }
  void backward(const kernels::Stream& s, const TestTensor& dq, const TestTensor& dkv,
                Tensor error) const {
    const size_t bytes =
        kernels::attention_backward_workspace(s, q.tensor().dtype, tq, tk, shape());
    const auto workspace =
        TestTensor(DType::kF32, {static_cast<int64_t>(bytes / sizeof(float))}).poisoned();
    kernels::attention_backward(s, {dq, margin}, {dkv, 0}, {dkv, width}, dout, out, error,
                                {q, margin}, {kv, 0}, {kv, width}, lse, workspace, shape(),
                                dropped());
    workspace.check_sentinels();
  }
  int64_t margin;  // columns before q's
  int64_t heads, size, width;
  TestTensor cu_q, cu_k;
  int64_t tq, tk;
  TestTensor q, kv, dout, out, out_error, lse, positions, row_ids;
  int64_t longest = 0;       // of both sides
  kernels::Dropout dropout;  // without its row_ids
};

// out by plain loops in f64, without dropout; calls probability(b, h, i, j, p) for each.
template <class Visit>
std::vector<double> oracle(const AttentionCase& c, const Visit& probability) {
  std::vector<double> out(static_cast<size_t>(c.tq * c.width), 0.0);
  for (int64_t b = 0; b + 1 < c.cu_q.size(); ++b)
    for (int64_t h = 0; h < c.heads; ++h)
      for (auto i = static_cast<int64_t>(c.cu_q.get(b));
           i < static_cast<int64_t>(c.cu_q.get(b + 1)); ++i) {
        const auto first = static_cast<int64_t>(c.cu_k.get(b)),
                   last = static_cast<int64_t>(c.cu_k.get(b + 1));
        std::vector<double> p;
        double most = -INFINITY, total = 0;
        for (int64_t j = first; j < last; ++j) {
          double s = 0;
          for (int64_t d = 0; d < c.size; ++d)
            s += c.q.get(i * (c.width + c.margin) + c.margin + h * c.size + d) *
                 c.kv.get(j * 2 * c.width + h * c.size + d);
          p.push_back(s / std::sqrt(static_cast<double>(c.size)));
          most = std::max(most, p.back());
        }
        for (double& v : p) total += v = std::exp(v - most);
        for (int64_t j = first; j < last; ++j) {
          const double share = p[static_cast<size_t>(j - first)] / total;
          probability(b, h, i - static_cast<int64_t>(c.cu_q.get(b)), j - first, share);
          for (int64_t d = 0; d < c.size; ++d)
            out[static_cast<size_t>(i * c.width + h * c.size + d)] +=
                share * c.kv.get(j * 2 * c.width + c.width + h * c.size + d);
        }
      }
  return out;
}
inline const auto kNothing = [](int64_t, int64_t, int64_t, int64_t, double) {};

inline double tolerance(DType t) {
  return t == DType::kF64 ? 1e-13 : t == DType::kF32 ? 3e-6 : unit_roundoff(t);
}

// What the tests of aligned heads are about: on a GPU, the types its tensor cores take.
inline std::vector<DType> aligned_types() {
  std::vector<DType> types;
  for (const DType dtype : float_types())
    if (tested_device() == Device::kCpu || size_of(dtype) == 2) types.push_back(dtype);
  return types;
}

}  // namespace albert::testing
