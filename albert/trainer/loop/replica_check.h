#pragma once
#include <cstdint>
#include <filesystem>

#include "albert/heads/pretrained_model.h"
#include "albert/trainer/optim/optimizer.h"
#include "albert/trainer/parallel/communicator.h"

namespace albert {

// Compares the weights and moments of all ranks, which have the same bits while every machine
// computes and remembers rightly. Error(kReplicasDiffer) on all of them names those that differ
// from most, and the newest complete checkpoint of output_dir.
void check_replicas(Communicator& ranks, const AlbertPreTrainedModel& model,
                    const Optimizer& optimizer, int64_t step,
                    const std::filesystem::path& output_dir);

}  // namespace albert
