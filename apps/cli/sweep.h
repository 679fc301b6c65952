#pragma once
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace albert::apps {

// Runs of `albert finetune` that differ in their seed, or in other options, each in a folder of its
// own below output_dir.
struct SweepRequest {
  std::string seeds;              // "1..5" or "1,2,3"; empty: the seed as it stands
  std::vector<std::string> grid;  // "learning_rate=1e-5,3e-5", an option each
  std::string output_dir;
  std::string metric;  // by which runs are compared, without "eval_"; empty: the first there is
  std::optional<bool> greater_is_better = {};  // of that metric; else as its name tells
  bool anew = false, quiet = false;            // anew: also those that are complete
  std::string options;                         // all of the command as they stand, as JSON
};

// Trains what is not complete yet, and writes and prints a table. A run that fails is in the table,
// and the others go on; bad input and a signal end the sweep. The exit code: 0, that of a run that
// failed, or 75 after a signal. Error(kUsage) for seeds and grids that mean nothing.
int run_sweep(const SweepRequest& request, std::ostream& out, std::ostream& err);

}  // namespace albert::apps
