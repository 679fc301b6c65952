#include "albert/inference/sentence_modules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

// Several sums at once, which a compiler turns into vector instructions, in a fixed order.
float dot(std::span<const float> a, const float* b) {
  constexpr size_t kLanes = 16;
  std::array<float, kLanes> sums{};
  size_t i = 0;
  for (; i + kLanes <= a.size(); i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  float sum = 0;
  for (; i < a.size(); ++i) sum += a[i] * b[i];
  for (const float part : sums) sum += part;
  return sum;
}

std::vector<float> times(const HostTensor& weight, std::span<const float> x) {
  std::vector<float> y;
  for (int64_t out = 0; out < weight.dim(0); ++out)
    y.push_back(dot(x, weight.row<float>(out).data()));
  return y;
}

float activated(DenseActivation activation, float x) {
  switch (activation) {
    case DenseActivation::kTanh: return std::tanh(x);
    case DenseActivation::kRelu: return std::max(x, 0.0F);
    case DenseActivation::kGelu: {
      const double wide = x;
      return static_cast<float>(wide * (1 + std::erf(wide / std::sqrt(2.0))) / 2);
    }
    case DenseActivation::kSigmoid: return 1 / (1 + std::exp(-x));
    case DenseActivation::kSilu: return x / (1 + std::exp(-x));
    case DenseActivation::kIdentity: break;
  }
  return x;
}

const std::array<std::string, 4>& names() {
  static const std::array<std::string, 4> table{"cosine", "dot", "euclidean", "manhattan"};
  return table;
}

}  // namespace

std::vector<float> DenseModule::operator()(std::span<const float> x) const {
  std::vector<float> y = times(weight, x);
  for (size_t i = 0; i < y.size(); ++i) {
    if (!bias.empty()) y[i] += bias.data<float>()[i];
    y[i] = activated(activation, y[i]);
  }
  if (!use_residual) return y;
  const std::vector<float> added =
      residual.empty() ? std::vector<float>(x.begin(), x.end()) : times(residual, x);
  for (size_t i = 0; i < y.size(); ++i) y[i] += added[i];
  return y;
}

std::vector<float> NormalizeModule::operator()(std::span<const float> x) const {
  constexpr double kLeast = 1e-12;  // torch.nn.functional.normalize
  double squares = 0;
  for (const float value : x) squares += static_cast<double>(value) * static_cast<double>(value);
  const double length = std::max(std::sqrt(squares), kLeast);
  std::vector<float> y;
  for (const float value : x) y.push_back(static_cast<float>(static_cast<double>(value) / length));
  return y;
}

Similarity similarity_named(const std::string& name) {
  const auto found = std::find(names().begin(), names().end(), name);
  if (found == names().end())
    fail(ErrorCode::kUsage, "similarity: found ", in_quotes(name), ", wanted ", one_of(names()));
  return static_cast<Similarity>(found - names().begin());
}

const std::string& name_of(Similarity similarity) {
  return names().at(static_cast<size_t>(similarity));
}

std::vector<std::string> similarity_names() { return {names().begin(), names().end()}; }

}  // namespace albert
