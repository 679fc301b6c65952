#pragma once
#include <functional>

#include "apps/bench/ceiling.h"
#include "apps/bench/gpu_model.h"
#include "apps/bench/report.h"
#include "apps/bench/steps.h"

namespace albert::bench {

struct BenchOptions {
  std::vector<std::string> phases;  // of all_phases()
  std::string model = "base";
  int64_t batch_size = 32, length = 128;  // length of every sequence, or the longest of `source`
  LengthSource source;                    // file empty: every sequence is `length` long
  int64_t batches = 4;                    // taken in turn
  int rounds = 5;
  double seconds = 2;  // of a round, at least
  ModelOptions device;
  std::string precision = "f32";  // as in `device`; int8 where its weights are
};

std::vector<std::string> all_phases();

// The names of a phase and of a matmul in rows.
std::string name_of(const BenchOptions& options, const std::string& phase);
std::string text_of(const kernels::MatmulShape& shape);

// The batches of a phase; "latency" takes one sequence at a time.
std::vector<Batch> batches_of(const BenchOptions& options, const std::string& phase,
                              const AlbertConfig& config);

// Hands over a row for the machine's ceilings and one for each step that was asked for, with its
// kernels and matmuls, each as soon as it is measured. The cost model of `gpu` gives a GPU's
// kernels a budget.
void run_phases(const BenchOptions& options, const Gpu& gpu, const std::function<void(Row)>& take);

}  // namespace albert::bench
