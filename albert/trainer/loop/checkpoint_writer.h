#pragma once
#include <filesystem>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "albert/base/error.h"
#include "albert/trainer/loop/run_folder.h"

namespace albert {

// Writes checkpoints while training goes on, one at a time. One that cannot be written is tried
// once more, in new files; then the run goes on without it, and three in a row end it.
class CheckpointWriter {
 public:
  using Fill = std::function<void(const std::filesystem::path& folder)>;

  // The folder must outlive this. The destructor waits for what is being written.
  explicit CheckpointWriter(RunFolder& folder) : folder_(folder) {}

  // Starts to write as RunFolder::save, when the checkpoint before is done. `fill` is called on
  // another thread, maybe twice. Error of the checkpoint before where it was the third to fail.
  void start(int64_t step, int64_t best_step, Fill fill);
  // Looks whether a checkpoint is done. Error as start().
  void poll();
  // Waits for it. Error as start().
  void wait();
  // Waits for it, where nothing follows that could make up for it: Error where it failed.
  void finish();
  // What went wrong since the last call, for the user.
  std::vector<std::string> take_notes();

 private:
  RunFolder& folder_;
  std::future<std::optional<Error>> writing_;
  std::optional<Error> failed_;  // the newest checkpoint
  int failed_in_a_row_ = 0;
  std::vector<std::string> notes_;
};

}  // namespace albert
