#include "albert/trainer/tasks/finetuning_task.h"

#include <algorithm>
#include <numeric>

#include "albert/base/error.h"
#include "albert/trainer/data/random.h"

namespace albert {

FinetuningTask::FinetuningTask(std::shared_ptr<const Tokenizer> tokenizer,
                               const FinetuningSizes& sizes)
    : tokenizer_(std::move(tokenizer)), sizes_(sizes) {
  if (sizes.eval_batch_size < 1)
    fail(ErrorCode::kUsage, "--eval_batch_size ", sizes.eval_batch_size, ": wanted 1 or more");
}

std::vector<size_t> FinetuningTask::examples_of(const MicroBatch& part) const {
  const int64_t n = examples(Split::kTraining), first = part.first_example(sizes_.batch_size);
  std::vector<size_t> which;
  for (int64_t i = first; i < first + part.size(sizes_.batch_size); ++i) {
    const Permutation order(static_cast<uint64_t>(n), sizes_.seed, static_cast<uint64_t>(i / n));
    which.push_back(static_cast<size_t>(order(static_cast<uint64_t>(i % n))));
  }
  const size_t once = which.size();
  if (sizes_.rdrop_alpha > 0)
    for (size_t i = 0; i < once; ++i) which.push_back(which[i]);
  return which;
}

std::vector<double> FinetuningTask::counts(std::span<const MicroBatch> own) {
  std::vector<double> sums;
  for (const MicroBatch& part : own) {
    const auto counts = count(Split::kTraining, examples_of(part));
    sums.resize(counts.size());
    for (size_t i = 0; i < counts.size(); ++i) sums[i] += counts[i];
  }
  return sums;
}

Deferred<Metrics> FinetuningTask::accumulate(const MicroBatch& part, std::span<const double> counts,
                                             Tensor loss_scale) {
  ForwardOptions forward{.backward = true, .keep = sizes_.keep, .loss_scale = loss_scale};
  forward.dropout = {.active = true, .seed = sizes_.seed, .step = part.number()};
  forward.loss.rdrop_alpha = sizes_.rdrop_alpha;
  forward.loss.counts = {counts.begin(), counts.end()};
  return start(Split::kTraining, examples_of(part), forward);
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
