#pragma once

namespace albert {

// While one lives, SIGTERM, SIGINT and SIGUSR1 ask the run to save and stop instead of killing it
// (exit code 75, "requeue me"); a second one ends the process at once.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool raised() const;
};

}  // namespace albert
