#include "albert/trainer/loop/replica_check.h"

#include <string>
#include <vector>

#include "albert/base/checksum.h"
#include "albert/base/error.h"
#include "albert/engine/transfer.h"
#include "albert/trainer/loop/checkpoint.h"
#include "albert/trainer/parallel/agreement.h"

namespace albert {
namespace {

std::string checksum_of(kernels::Backend& backend, Tensor tensor) {
  if (backend.host_accessible()) return xxh3_128(tensor.data, tensor.bytes());
  const HostTensor copy = download(backend, tensor);
  return xxh3_128(copy.raw(), copy.bytes());
}

std::string names_of(const std::vector<int>& ranks) {
  std::string names = ranks.size() == 1 ? "rank " : "ranks ";
  for (size_t i = 0; i < ranks.size(); ++i) names += (i > 0 ? ", " : "") + std::to_string(ranks[i]);
  return names;
}

}  // namespace

void check_replicas(Communicator& ranks, const AlbertPreTrainedModel& model,
                    const Optimizer& optimizer, int64_t step,
                    const std::filesystem::path& output_dir) {
  if (ranks.size() == 1) return;
  kernels::Backend& backend = model.backend();
  std::string checksums;
  for (const Tensor tensor :
       {model.parameters().flat_values(), optimizer.first_moments(), optimizer.second_moments()})
    checksums += checksum_of(backend, tensor);
  const std::vector<int> differing = ranks_that_differ(ranks, checksums);
  if (differing.empty()) return;
  fail(ErrorCode::kReplicasDiffer, names_of(differing), ": found other weights at step ", step,
       ", wanted the same on every rank; a processor or memory there may be faulty; ",
       Checkpoints(output_dir).last_good());
}

}  // namespace albert
