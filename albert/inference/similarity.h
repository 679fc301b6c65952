#pragma once
#include <memory>
#include <span>
#include <vector>

#include "albert/engine/host_tensor.h"
#include "albert/inference/sentence_modules.h"
#include "albert/kernels/backend.h"

namespace albert {

// Of two vectors of one size. With a vector of length zero the cosine is zero.
double similarity_of(Similarity similarity, std::span<const float> a, std::span<const float> b);

struct SearchHit {
  int64_t index = 0;  // of the text in the corpus
  double score = 0;
};

// Finds the most similar texts of a corpus that comes in parts, in memory for one part: exact, as
// sentence-transformers' semantic_search.
class SimilaritySearch {
 public:
  // `queries` [queries, dimension] f32. Error(kUsage) for top_k below 1.
  SimilaritySearch(Similarity similarity, HostTensor queries, int64_t top_k, int threads = 0);

  // Scores the next texts [texts, dimension] f32 of the corpus. Rows that are not finite, those of
  // lines that could not be read, are no candidates. Error(kMismatch) for another dimension.
  void add(const HostTensor& embeddings);
  // Of each query the best, best first; of equal scores the first.
  std::vector<std::vector<SearchHit>> hits() const;

 private:
  using Hits = std::vector<SearchHit>;  // a heap with the worst on top
  HostTensor scores(const HostTensor& embeddings) const;
  void keep(Hits& hits, SearchHit hit) const;

  Similarity similarity_;
  HostTensor queries_;
  size_t top_k_;
  std::unique_ptr<kernels::Backend> backend_;
  std::vector<Hits> hits_;
  int64_t seen_ = 0;
};

}  // namespace albert
