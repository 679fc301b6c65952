#include "albert/trainer/loop/stop_signal.h"

#include <atomic>
#include <csignal>

#include <unistd.h>

namespace albert {
namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGUSR1};

std::atomic<int> stop_requested = 0;  // a handler can reach nothing but a global

void request_stop(int signal) {
  if (stop_requested) _exit(128 + signal);
  stop_requested = 1;
}

}  // namespace

StopSignal::StopSignal() {
  stop_requested = 0;
  struct sigaction action {};
  action.sa_handler = request_stop;
  action.sa_flags = SA_RESTART;
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

StopSignal::~StopSignal() {
  for (const int signal : kSignals) std::signal(signal, SIG_DFL);
}

bool StopSignal::raised() const { return stop_requested != 0; }

}  // namespace albert
