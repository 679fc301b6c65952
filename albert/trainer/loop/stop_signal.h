#pragma once

namespace albert {

// While an object of this class lives, SIGTERM, SIGINT and SIGUSR1 ask the run to save and stop
// instead of killing it (exit code 75, "requeue me"). A second signal ends the process at once.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool raised() const;
};

}  // namespace albert
