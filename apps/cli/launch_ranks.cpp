#include "apps/cli/launch_ranks.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

#include "albert/base/error.h"

namespace albert::apps {
namespace {

constexpr int kNotThere = 127;      // what the child exits with where it finds no mpirun
constexpr int kDiedOfSignal = 128;  // and more: how shells and mpirun tell of signals

std::vector<std::string> mpirun_command(int ranks, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{
      "mpirun", "-n", std::to_string(ranks), "--oversubscribe", "--bind-to", "none", "--quiet"};
  if (geteuid() == 0) command.emplace_back("--allow-run-as-root");
  command.push_back(std::filesystem::read_symlink("/proc/self/exe").string());
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

// The signals that ask for a stop, and that of a child that has ended, as this process waits for
// them. It alone hears Ctrl-C: mpirun would end the ranks without letting them save.
class Signals {
 public:
  Signals() {
    sigemptyset(&wanted_);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGCHLD}) sigaddset(&wanted_, signal);
    sigprocmask(SIG_BLOCK, &wanted_, &before_);
  }
  ~Signals() { restore(); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  void restore() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  int next() const {
    int signal = 0;
    sigwait(&wanted_, &signal);
    return signal;
  }

 private:
  sigset_t wanted_{}, before_{};
};

[[noreturn]] void become(const std::vector<std::string>& command, const Signals& signals) {
  std::vector<char*> arguments;
  for (const std::string& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
  arguments.push_back(nullptr);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // the ranks do not outlive this program
  // In its own group it must not read from the terminal.
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) dup2(nothing, STDIN_FILENO);
  signals.restore();
  execvp(arguments[0], arguments.data());
  _exit(kNotThere);
}

// mpirun hands SIGUSR1 on to every rank, which saves and ends.
int wait_for(pid_t mpirun, const Signals& signals) {
  for (;;) {
    int status = 0;
    if (waitpid(mpirun, &status, WNOHANG) == mpirun)
      return WIFEXITED(status) ? WEXITSTATUS(status) : kDiedOfSignal + WTERMSIG(status);
    if (signals.next() != SIGCHLD) kill(mpirun, SIGUSR1);
  }
}

}  // namespace

int launch_ranks(int ranks, const std::vector<std::string>& arguments) {
  const std::vector<std::string> command = mpirun_command(ranks, arguments);
  const Signals signals;
  const pid_t mpirun = fork();
  if (mpirun < 0) fail(ErrorCode::kIo, "--ranks ", ranks, ": cannot start a process");
  if (mpirun == 0) become(command, signals);
  const int code = wait_for(mpirun, signals);
  if (code == kNotThere)
    fail(ErrorCode::kUsage, "--ranks ", ranks,
         ": found no mpirun, wanted Open MPI's; install openmpi-bin");
  if (code > kDiedOfSignal)
    fail(ErrorCode::kRankLost, "--ranks ", ranks, ": found a rank that died of signal ",
         code - kDiedOfSignal, "; the same command goes on from the newest checkpoint");
  return code;
}

}  // namespace albert::apps
