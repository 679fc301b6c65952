#include "albert/trainer/tasks/finetuning_task.h"

#include <algorithm>
#include <numeric>

#include "albert/base/error.h"
#include "albert/trainer/data/random.h"
#include "albert/trainer/loop/training_loop.h"

namespace albert {

FinetuningTask::FinetuningTask(std::shared_ptr<const Tokenizer> tokenizer,
                               const FinetuningSizes& sizes, const Communicator& ranks)
    : tokenizer_(std::move(tokenizer)),
      sizes_(sizes),
      ranks_(ranks),
      micro_batch_(micro_batch_size(sizes.batch_size, sizes.accumulation, ranks)) {
  if (sizes.eval_batch_size < 1)
    fail(ErrorCode::kUsage, "--eval_batch_size ", sizes.eval_batch_size, ": wanted 1 or more");
}

// Part of an update: its micro-batch, and the rank that computes it.
std::vector<size_t> FinetuningTask::micro_batch(int64_t step, int64_t part) const {
  const int64_t n = examples(Split::kTraining);
  std::vector<size_t> which;
  for (int64_t i = 0; i < micro_batch_; ++i) {
    const int64_t position = step * sizes_.batch_size + part * micro_batch_ + i;
    const Permutation order(static_cast<uint64_t>(n), sizes_.seed,
                            static_cast<uint64_t>(position / n));
    which.push_back(static_cast<size_t>(order(static_cast<uint64_t>(position % n))));
  }
  return which;
}

std::vector<double> FinetuningTask::counts(int64_t step) {
  std::vector<double> sums;
  for (int64_t m = 0; m < sizes_.accumulation; ++m) {
    const auto part = count(Split::kTraining, micro_batch(step, m * ranks_.size() + ranks_.rank()));
    sums.resize(part.size());
    for (size_t i = 0; i < part.size(); ++i) sums[i] += part[i];
  }
  return sums;
}

Deferred<Metrics> FinetuningTask::accumulate(int64_t step, std::span<const double> counts,
                                             Tensor loss_scale) {
  std::vector<Deferred<Metrics>> sums;
  for (int64_t m = 0; m < sizes_.accumulation; ++m) {
    const int64_t part = m * ranks_.size() + ranks_.rank();
    ForwardOptions forward{.backward = true, .keep = sizes_.keep, .loss_scale = loss_scale};
    forward.dropout = {
        .active = true,
        .seed = sizes_.seed,
        .step = static_cast<uint64_t>(step * sizes_.accumulation * ranks_.size() + part)};
    forward.loss.counts = {counts.begin(), counts.end()};
    sums.push_back(start(Split::kTraining, micro_batch(step, part), forward));
  }
  return sum_of(std::move(sums));
}

Metrics FinetuningTask::evaluate() {
  const auto n = static_cast<size_t>(examples(Split::kValidation)),
             batch = static_cast<size_t>(sizes_.eval_batch_size);
  Metrics sums;
  for (size_t at = 0; at < n; at += batch) {
    std::vector<size_t> which(std::min(batch, n - at));
    std::iota(which.begin(), which.end(), at);
    ForwardOptions forward;
    forward.loss.counts = count(Split::kValidation, which);
    sums.add(start(Split::kValidation, which, forward).get());
  }
  return averages(sums);
}

void FinetuningTask::save_extras(const std::filesystem::path& folder) const {
  tokenizer_->save_pretrained(folder);
}

}  // namespace albert
