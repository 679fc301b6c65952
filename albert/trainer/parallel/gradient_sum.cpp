#include "albert/trainer/parallel/gradient_sum.h"

#include <algorithm>

#include "albert/base/error.h"
#include "albert/kernels/row_ops.h"

namespace albert {
namespace {

using Nodes = std::vector<SumTree::Node>;

Tensor part_of(Tensor all, int64_t begin, int64_t end) {
  auto* data = static_cast<std::byte*>(all.data) + static_cast<size_t>(begin) * size_of(all.dtype);
  return {data, {end - begin}, all.dtype};
}

Bytes bytes_of(Tensor t) { return {static_cast<std::byte*>(t.data), t.bytes()}; }

void add(const kernels::Stream& s, Tensor to, Tensor from) {
  kernels::accumulate(s, to, kernels::Grad::kAdd, from);
}

// One sum over all ranks: each receives its elements of every rank's sums, adds them up in the
// order of the tree, and sends the result to all.
class SumOverRanks {
 public:
  // `own`: the sums that this rank holds, all of the gradients' shape.
  SumOverRanks(Tensor gradients, std::vector<Tensor> own, Communicator& ranks,
               int64_t micro_batches)
      : gradients_(gradients),
        own_(std::move(own)),
        ranks_(ranks),
        micro_batches_(micro_batches),
        size_(static_cast<size_t>(ranks.size())),
        rank_(static_cast<size_t>(ranks.rank())),
        result_(elements_of(gradients, rank_)) {
    for (int r = 0; r < ranks.size(); ++r)
      nodes_.push_back(nodes_of(share_of(micro_batches, r, ranks.size()), micro_batches));
  }

  // What receive() needs at most.
  size_t received_bytes() const {
    size_t sums = 0;
    for (const Nodes& nodes : nodes_) sums += nodes.size();
    return sums * result_.bytes();
  }

  void receive(std::byte* into) {
    sums_.resize(size_);
    for (size_t turn = 0, any = 1; any > 0; ++turn) {
      any = 0;
      std::vector<ConstBytes> to(size_);
      std::vector<Bytes> from(size_);
      for (size_t r = 0; r < size_; ++r) {
        if (r != rank_ && turn < own_.size()) to[r] = bytes_of(elements_of(own_[turn], r));
        if (turn >= nodes_[r].size()) continue;
        ++any;
        sums_[r].push_back(r == rank_ ? elements_of(own_[turn], r)
                                      : Tensor{into, result_.shape, result_.dtype});
        if (r == rank_) continue;
        from[r] = bytes_of(sums_[r].back());
        into += result_.bytes();
      }
      if (any > 0) ranks_.exchange(to, from);
    }
  }

  void add_up(const kernels::Stream& s) const {
    SumTree tree(micro_batches_);
    std::vector<Tensor> held;
    for (size_t r = 0; r < size_; ++r)
      for (size_t i = 0; i < nodes_[r].size(); ++i) {
        held.push_back(sums_[r][i]);
        for (int merges = tree.push(nodes_[r][i]); merges > 0; --merges) {
          add(s, held[held.size() - 2], held.back());
          held.pop_back();
        }
      }
    if (held.back().data != result_.data) kernels::cast(s, result_, held.back());
  }

  void send_result() const {
    std::vector<ConstBytes> to(size_, bytes_of(result_));
    std::vector<Bytes> from;
    for (size_t r = 0; r < size_; ++r) from.push_back(bytes_of(elements_of(gradients_, r)));
    to[rank_] = {};
    from[rank_] = {};
    ranks_.exchange(to, from);
  }

 private:
  // Those that a rank adds up for all.
  Tensor elements_of(Tensor all, size_t rank) const {
    const int64_t n = all.shape.size(), r = static_cast<int64_t>(rank), size = ranks_.size();
    return part_of(all, n * r / size, n * (r + 1) / size);
  }

  Tensor gradients_;
  std::vector<Tensor> own_;
  Communicator& ranks_;
  int64_t micro_batches_;
  size_t size_, rank_;
  Tensor result_;
  std::vector<Nodes> nodes_;               // by rank
  std::vector<std::vector<Tensor>> sums_;  // this rank's elements of them
};

}  // namespace

GradientSum::GradientSum(kernels::Backend& backend, Tensor gradients, Communicator& ranks)
    : backend_(backend),
      gradients_(gradients),
      ranks_(ranks),
      in_order_(backend.host_accessible()) {}

Share GradientSum::begin(int64_t micro_batches) {
  if (micro_batches < ranks_.size())
    fail(ErrorCode::kUsage, "ranks: found ", ranks_.size(), ", wanted at most ", micro_batches,
         ", the micro-batches of an update");
  micro_batches_ = micro_batches;
  share_ = share_of(micro_batches, ranks_.rank(), ranks_.size());
  tree_ = SumTree(micro_batches);
  parts_done_ = 0;
  if (!in_order_) backend_.clear(gradients_.data, gradients_.bytes());
  return share_;
}

void GradientSum::begin_part() {
  if (in_order_) backend_.clear(gradients_.data, gradients_.bytes());
}

void GradientSum::end_part() {
  if (!in_order_) return;
  const size_t held = tree_.nodes().size();
  const int sums = tree_.push({0, share_.first + parts_done_});
  const kernels::Stream stream = backend_.stream();
  for (int i = 0; i < sums; ++i) add(stream, gradients_, slot(held - 1 - static_cast<size_t>(i)));
  if (++parts_done_ < share_.count)
    kernels::cast(stream, slot(tree_.nodes().size() - 1), gradients_);
}

void GradientSum::finish() {
  if (!in_order_) return ranks_.sum(backend_.stream(), gradients_);
  if (ranks_.size() > 1) add_up_over_ranks();
}

Tensor GradientSum::slot(size_t at) {
  while (slots_.size() <= at) slots_.emplace_back(backend_, gradients_.bytes());
  return {slots_[at].data(), gradients_.shape, gradients_.dtype};
}

Tensor GradientSum::node(size_t at) {
  return at + 1 < tree_.nodes().size() ? slot(at) : gradients_;
}

void GradientSum::add_up_over_ranks() {
  std::vector<Tensor> own;
  for (size_t i = 0; i < tree_.nodes().size(); ++i) own.push_back(node(i));
  SumOverRanks sum(gradients_, own, ranks_, micro_batches_);
  if (received_.bytes() < sum.received_bytes())
    received_ = kernels::Buffer(backend_, sum.received_bytes());
  sum.receive(static_cast<std::byte*>(received_.data()));
  sum.add_up(backend_.stream());
  sum.send_result();
}

}  // namespace albert
