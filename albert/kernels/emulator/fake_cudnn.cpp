#include "albert/kernels/emulator/fake_cudnn.h"

#include <cmath>
#include <cstring>
#include <vector>

namespace albert::kernels::simt {
namespace {

// Iterates over the rows of one head of one sequence.
template <class T>
struct Rows {
  T* data;
  int64_t stride;
  double operator()(int64_t row, int64_t d) const {
    return static_cast<double>(static_cast<float>(data[row * stride + d]));
  }
  void set(int64_t row, int64_t d, double value) const {
    data[row * stride + d] = static_cast<T>(static_cast<float>(value));
  }
};

template <class F>
class Attention {
 public:
  Attention(const CudnnProblem& problem, const CudnnOperands& operands)
      : p_(problem), o_(operands) {}

  void run() const {
    ALBERT_CHECK(!p_.backward || ints(CudnnTensor::kOffsetsOut)[p_.sequences] <=
                                     p_.rows_q * p_.heads * p_.head_size,
                 "cuDNN's fake: more rows than the graph is for, ", p_.rows_q);
    for (int64_t b = 0; b < p_.sequences; ++b) {
      const int64_t rows = ints(CudnnTensor::kLengthsQ)[b], keys = ints(CudnnTensor::kLengthsK)[b];
      ALBERT_CHECK(rows <= p_.longest && keys <= p_.longest, "cuDNN's fake: sequence ", b, " of ",
                   rows, " queries and ", keys, " keys in a graph for ", p_.longest, " and ",
                   p_.longest);
      for (int64_t h = 0; h < p_.heads; ++h)
        p_.backward ? backward(b, h, rows, keys) : forward(b, h, rows, keys);
    }
  }

 private:
  const int32_t* ints(CudnnTensor t) const { return static_cast<const int32_t*>(o_[t]); }
  Rows<F> rows_of(CudnnTensor t, CudnnTensor offsets, int64_t stride, int64_t b, int64_t h) const {
    return {static_cast<F*>(o_[t]) + ints(offsets)[b] + h * p_.head_size, stride};
  }
  Rows<F> queries(CudnnTensor t, int64_t b, int64_t h) const {
    return rows_of(t, CudnnTensor::kOffsetsQ, p_.q_stride, b, h);
  }
  Rows<F> keys(CudnnTensor t, int64_t b, int64_t h) const {
    return rows_of(t, CudnnTensor::kOffsetsK, p_.k_stride, b, h);
  }
  Rows<F> values(CudnnTensor t, int64_t b, int64_t h) const {
    return rows_of(t, CudnnTensor::kOffsetsV, p_.v_stride, b, h);
  }
  Rows<F> outputs(CudnnTensor t, int64_t b, int64_t h) const {
    return rows_of(t, CudnnTensor::kOffsetsOut, p_.heads * p_.head_size, b, h);
  }
  float& statistic(int64_t b, int64_t h, int64_t row) const {
    return static_cast<float*>(
        o_[CudnnTensor::kStatistics])[ints(CudnnTensor::kOffsetsStatistics)[b] + row * p_.heads +
                                      h];
  }
  double inner(Rows<F> x, int64_t i, Rows<F> y, int64_t j) const {
    double sum = 0;
    for (int64_t d = 0; d < p_.head_size; ++d) sum += x(i, d) * y(j, d);
    return sum;
  }
  double score(int64_t b, int64_t h, int64_t i, int64_t j) const {
    return inner(queries(CudnnTensor::kQ, b, h), i, keys(CudnnTensor::kK, b, h), j) /
           std::sqrt(static_cast<double>(p_.head_size));
  }

  void forward(int64_t b, int64_t h, int64_t rows, int64_t n) const {
    const Rows<F> v = values(CudnnTensor::kV, b, h), out = outputs(CudnnTensor::kOut, b, h);
    for (int64_t i = 0; i < rows; ++i) {
      double most = -INFINITY, mass = 0;
      for (int64_t j = 0; j < n; ++j) most = std::max(most, score(b, h, i, j));
      for (int64_t j = 0; j < n; ++j) mass += std::exp(score(b, h, i, j) - most);
      statistic(b, h, i) = static_cast<float>(most + std::log(mass));
      for (int64_t d = 0; d < p_.head_size; ++d) {
        double sum = 0;
        for (int64_t j = 0; j < n; ++j) sum += std::exp(score(b, h, i, j) - most) / mass * v(j, d);
        out.set(i, d, sum);
      }
    }
  }

  void backward(int64_t b, int64_t h, int64_t rows, int64_t n) const {
    const Rows<F> q = queries(CudnnTensor::kQ, b, h), k = keys(CudnnTensor::kK, b, h),
                  v = values(CudnnTensor::kV, b, h), out = outputs(CudnnTensor::kOut, b, h),
                  dout = outputs(CudnnTensor::kDOut, b, h);
    const auto size = static_cast<size_t>(p_.head_size);
    std::vector<double> dk(static_cast<size_t>(n) * size), dv(dk.size());
    for (int64_t i = 0; i < rows; ++i) {
      const double delta = inner(dout, i, out, i);
      std::vector<double> dq(size);
      for (int64_t j = 0; j < n; ++j) {
        const double p = std::exp(score(b, h, i, j) - static_cast<double>(statistic(b, h, i)));
        const double ds =
            p * (inner(dout, i, v, j) - delta) / std::sqrt(static_cast<double>(p_.head_size));
        for (size_t d = 0; d < size; ++d) {
          const auto at = static_cast<int64_t>(d);
          dq[d] += ds * k(j, at);
          dk[static_cast<size_t>(j) * size + d] += ds * q(i, at);
          dv[static_cast<size_t>(j) * size + d] += p * dout(i, at);
        }
      }
      store(queries(CudnnTensor::kDQ, b, h), i, dq.data());
    }
    for (int64_t j = 0; j < n; ++j) {
      store(keys(CudnnTensor::kDK, b, h), j, dk.data() + static_cast<size_t>(j) * size);
      store(values(CudnnTensor::kDV, b, h), j, dv.data() + static_cast<size_t>(j) * size);
    }
  }

  void store(Rows<F> to, int64_t row, const double* from) const {
    for (int64_t d = 0; d < p_.head_size; ++d) to.set(row, d, from[d]);
  }

  CudnnProblem p_;
  CudnnOperands o_;
};

}  // namespace

size_t FakeCudnn::workspace_bytes(const CudnnProblem& problem) {
  graphs_.get(problem, [&] {
    ++built_;
    return std::make_shared<Graph>();
  });
  return workspace_;
}

void FakeCudnn::run(const CudnnProblem& problem, const CudnnOperands& operands, void* workspace,
                    void* queue) {
  const auto graph = graphs_.get(problem, []() -> std::shared_ptr<Graph> {
    fail(ErrorCode::kInternal, "cuDNN's fake: no graph was built for this problem");
  });
  graphs_.used(graph);
  ++runs_;
  submit_(queue, [=, bytes = workspace_, alive = std::weak_ptr<const Graph>(graph)] {
    ALBERT_CHECK(!alive.expired(), "cuDNN's fake: a graph that runs was destroyed");
    std::memset(workspace, 0xff, bytes);
    if (problem.dtype == DType::kF16)
      Attention<Float16>(problem, operands).run();
    else
      Attention<BFloat16>(problem, operands).run();
  });
}

}  // namespace albert::kernels::simt
