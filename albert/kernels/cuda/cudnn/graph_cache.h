#pragma once
#include <functional>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include "albert/kernels/cuda/cudnn/context.h"

namespace albert::kernels {

// The graphs that were used last, for implementations of CudnnContext. One that a captured step
// refers to lives as long as that step.
template <class Graph>
class GraphCache {
 public:
  static constexpr size_t kMost = 64;  // graphs: two for each kind of step

  // `before_eviction` returns when no kernel of a graph is queued any more.
  explicit GraphCache(std::function<void()> before_eviction)
      : before_eviction_(std::move(before_eviction)) {}

  // The graph of a problem, made by build() where it is not kept.
  template <class Build>
  std::shared_ptr<Graph> get(const CudnnProblem& problem, const Build& build) {
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry)
      if (entry->first == problem) {
        entries_.splice(entries_.begin(), entries_, entry);
        return entry->second;
      }
    if (entries_.size() == kMost) {
      before_eviction_();
      entries_.pop_back();
    }
    entries_.emplace_front(problem, build());
    return entries_.front().second;
  }

  // Notes that a graph runs, for the step that is being captured.
  void used(const std::shared_ptr<Graph>& graph) {
    if (captured_) captured_->push_back(graph);
  }
  void begin_capture() { captured_ = std::make_shared<Graphs>(); }
  std::shared_ptr<const void> end_capture() { return std::exchange(captured_, nullptr); }

  size_t size() const { return entries_.size(); }
  void clear() { entries_.clear(); }

 private:
  using Graphs = std::vector<std::shared_ptr<const Graph>>;

  std::function<void()> before_eviction_;
  std::list<std::pair<CudnnProblem, std::shared_ptr<Graph>>> entries_;  // the last used first
  std::shared_ptr<Graphs> captured_;  // null: nothing is being captured
};

}  // namespace albert::kernels
