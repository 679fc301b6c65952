#include "albert/inference/similarity.h"

#include <algorithm>
#include <cmath>

#include "albert/base/error.h"
#include "albert/kernels/matmul.h"

namespace albert {
namespace {

double product(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// The sum of |a - b|, or of its squares.
double distance(std::span<const float> a, std::span<const float> b, bool squared) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double apart = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    sum += squared ? apart * apart : apart;
  }
  return sum;
}

bool is_product(Similarity similarity) {
  return similarity == Similarity::kCosine || similarity == Similarity::kDot;
}

bool is_finite(std::span<const float> row) {
  return std::all_of(row.begin(), row.end(), [](float v) { return std::isfinite(v); });
}

// Rows of length one, so that products are cosines.
HostTensor unit_rows(const HostTensor& rows) {
  HostTensor unit(DType::kF32, rows.shape());
  const NormalizeModule normalize;
  for (int64_t i = 0; i < rows.dim(0); ++i) {
    const std::vector<float> row = normalize(rows.row<float>(i));
    std::copy(row.begin(), row.end(), unit.data<float>() + i * rows.dim(1));
  }
  return unit;
}

Tensor on_host(const HostTensor& t) {
  return {const_cast<void*>(t.raw()), {t.dim(0), t.dim(1)}, DType::kF32};
}

bool is_better(const SearchHit& a, const SearchHit& b) {
  return a.score > b.score || (a.score == b.score && a.index < b.index);
}

}  // namespace

double similarity_of(Similarity similarity, std::span<const float> a, std::span<const float> b) {
  switch (similarity) {
    case Similarity::kDot: return product(a, b);
    case Similarity::kEuclidean: return -std::sqrt(distance(a, b, true));
    case Similarity::kManhattan: return -distance(a, b, false);
    case Similarity::kCosine: break;
  }
  constexpr double kLeast = 1e-12;  // torch.nn.functional.normalize
  const double lengths =
      std::max(std::sqrt(product(a, a)), kLeast) * std::max(std::sqrt(product(b, b)), kLeast);
  return product(a, b) / lengths;
}

SimilaritySearch::SimilaritySearch(Similarity similarity, HostTensor queries, int64_t top_k,
                                   int threads)
    : similarity_(similarity),
      queries_(similarity == Similarity::kCosine ? unit_rows(queries) : std::move(queries)),
      top_k_(static_cast<size_t>(std::max<int64_t>(top_k, 0))),
      backend_(kernels::make_backend({.threads = threads})),
      hits_(static_cast<size_t>(queries_.dim(0))) {
  if (top_k < 1) fail(ErrorCode::kUsage, "top_k ", top_k, ": wanted 1 or more");
}

// [queries, texts]
HostTensor SimilaritySearch::scores(const HostTensor& embeddings) const {
  HostTensor scores(DType::kF32, {queries_.dim(0), embeddings.dim(0)});
  if (is_product(similarity_)) {
    const HostTensor texts =
        similarity_ == Similarity::kCosine ? unit_rows(embeddings) : HostTensor(embeddings);
    kernels::matmul(backend_->stream(), on_host(scores), on_host(queries_), on_host(texts),
                    {.transpose_b = true});
    return scores;
  }
  for (int64_t q = 0; q < queries_.dim(0); ++q)
    for (int64_t i = 0; i < embeddings.dim(0); ++i)
      scores.data<float>()[q * embeddings.dim(0) + i] = static_cast<float>(
          similarity_of(similarity_, queries_.row<float>(q), embeddings.row<float>(i)));
  return scores;
}

void SimilaritySearch::keep(Hits& hits, SearchHit hit) const {
  if (hits.size() == top_k_) {
    if (!is_better(hit, hits.front())) return;
    std::pop_heap(hits.begin(), hits.end(), is_better);
    hits.pop_back();
  }
  hits.push_back(hit);
  std::push_heap(hits.begin(), hits.end(), is_better);
}

void SimilaritySearch::add(const HostTensor& embeddings) {
  if (embeddings.dim(1) != queries_.dim(1))
    fail(ErrorCode::kMismatch, "the corpus: found embeddings of ", embeddings.dim(1),
         " numbers, wanted ", queries_.dim(1), " as of the queries");
  if (embeddings.dim(0) == 0 || hits_.empty()) return;
  const HostTensor all = scores(embeddings);
  std::vector<bool> finite;
  for (int64_t i = 0; i < embeddings.dim(0); ++i)
    finite.push_back(is_finite(embeddings.row<float>(i)));
  for (size_t q = 0; q < hits_.size(); ++q) {
    const auto row = all.row<float>(static_cast<int64_t>(q));
    for (size_t i = 0; i < row.size(); ++i)
      if (finite[i]) keep(hits_[q], {seen_ + static_cast<int64_t>(i), static_cast<double>(row[i])});
  }
  seen_ += embeddings.dim(0);
}

std::vector<std::vector<SearchHit>> SimilaritySearch::hits() const {
  std::vector<std::vector<SearchHit>> sorted = hits_;
  for (auto& hits : sorted) std::sort(hits.begin(), hits.end(), is_better);
  return sorted;
}

}  // namespace albert
