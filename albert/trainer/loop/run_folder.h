#pragma once
#include <functional>
#include <iosfwd>
#include <optional>

#include "albert/trainer/loop/checkpoint.h"
#include "albert/trainer/loop/event_file.h"
#include "albert/trainer/loop/metrics_log.h"
#include "albert/trainer/loop/training_loop.h"

namespace albert {

// output_dir of a run while it trains: locked, with its checkpoints, metrics.jsonl and args.json.
// The rank that leads has it.
class RunFolder {
 public:
  // Removes the checkpoints that are there where the options say so. Error(kIo) where the folder
  // cannot be made or another run holds it; kUsage where it has results that are neither gone on
  // from nor replaced.
  explicit RunFolder(const LoopOptions& options);

  // The step of the newest complete checkpoint, to go on from; none: start anew. Damaged ones are
  // named on `log`. Error(kBadData) where there is none but damaged ones.
  std::optional<int64_t> resume_step(std::ostream& log) const;

  // Begins metrics.jsonl behind the records up to `step`, a file for TensorBoard in runs/ where the
  // options say so, and writes args.json.
  void begin(int64_t step);
  void log(int64_t step, const Metrics& metrics);
  // Writes the checkpoint of `step`, then deletes old ones, but not `best_step` and those that
  // keep_checkpoint_steps keeps.
  void save(int64_t step, int64_t best_step,
            const std::function<void(const std::filesystem::path& folder)>& fill);

 private:
  const LoopOptions& options_;
  FolderLock lock_;
  Checkpoints checkpoints_;
  std::optional<MetricsLog> metrics_;
  std::optional<EventFile> events_;
};

}  // namespace albert
