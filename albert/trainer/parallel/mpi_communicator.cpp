#include "albert/trainer/parallel/mpi_communicator.h"

#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include "albert/base/error.h"
#include "albert/trainer/parallel/heartbeat.h"
#include "albert/trainer/parallel/launcher.h"
#include "albert/trainer/parallel/mpi_transport.h"

namespace albert {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kSpin = std::chrono::microseconds(200);
constexpr auto kNap = std::chrono::microseconds(100);
constexpr auto kBetweenChecks = std::chrono::milliseconds(100);  // of errors and of other ranks
constexpr auto kToldWithin = std::chrono::seconds(1);

const char* const kModule = "albert_mpi.so";

std::vector<fs::path> places_of_module() {
  if (const auto file = environment_variable("ALBERT_MPI_MODULE")) return {*file};
  std::error_code ignored;
  const fs::path programs = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  return {programs / kModule, programs.parent_path() / ALBERT_LIBDIR "/albert" / kModule};
}

const MpiTransport& open_module() {
  std::string why;
  for (const fs::path& place : places_of_module()) {
    // It stays open: MPI does not promise to survive being unloaded. Its own modules need its
    // symbols.
    void* module = dlopen(place.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (!module) {
      why = dlerror();
      continue;
    }
    const auto get =
        reinterpret_cast<decltype(&albert_mpi_transport)>(dlsym(module, "albert_mpi_transport"));
    if (get && get()->version == MpiTransport::kVersion) return *get();
    why = place.string() + " is of another version";
  }
  fail(ErrorCode::kUsage, "MPI: found no module (", why,
       "), wanted a program built with MPI: install libopenmpi-dev and openmpi-bin, then configure "
       "and build again");
}

// Where a process runs: others see it by its number where the text is the same.
struct Process {
  static constexpr size_t kTextBytes = 96;
  std::array<char, kTextBytes> machine{};
  int64_t number = 0;
};

Process this_process() {
  Process process;
  std::array<char, 64> name{};
  gethostname(name.data(), name.size() - 1);
  std::error_code ignored;
  const std::string text = name.data() + fs::read_symlink("/proc/self/ns/pid", ignored).string();
  std::memcpy(process.machine.data(), text.data(), std::min(text.size(), Process::kTextBytes - 1));
  process.number = getpid();
  return process;
}

// An error as the bytes that its rank sends to the others.
struct ErrorMessage {
  static constexpr size_t kTextBytes = 2000;
  int code = 0;
  std::array<char, kTextBytes> text{};
};

class MpiCommunicator final : public Communicator {
 public:
  explicit MpiCommunicator(double timeout) : transport_(open_module()), timeout_(timeout) {
    transport_.begin(&rank_, &size_);
    const Process own = this_process();
    processes_.assign(static_cast<size_t>(size_), own);
    std::vector<ConstBytes> to(processes_.size(), std::as_bytes(std::span(&own, 1)));
    std::vector<Bytes> from;
    for (Process& p : processes_) from.push_back(std::as_writable_bytes(std::span(&p, 1)));
    exchange(to, from);
    if (timeout > 0 && size_ > 1) start_heartbeat();
  }
  ~MpiCommunicator() override { end(); }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void sum(const kernels::Stream&, Tensor) override {
    fail(ErrorCode::kUsage, "--device: found a GPU, wanted cpu: ranks of MPI compute on CPUs");
  }

  void exchange(std::span<const ConstBytes> to, std::span<const Bytes> from) override {
    std::vector<const void*> sent;
    std::vector<void*> received;
    std::vector<size_t> sent_bytes, received_bytes;
    for (size_t r = 0; r < to.size(); ++r) {
      sent.push_back(to[r].data());
      sent_bytes.push_back(to[r].size());
      received.push_back(from[r].data());
      received_bytes.push_back(from[r].size());
    }
    {
      const std::lock_guard lock(mutex_);
      transport_.start(sent.data(), sent_bytes.data(), received.data(), received_bytes.data());
    }
    wait();
  }

  void abort(const Error& error) noexcept override {
    if (ended_) return;
    ended_ = true;
    const std::lock_guard lock(mutex_);
    ErrorMessage message;
    message.code = static_cast<int>(error.code());
    std::strncpy(message.text.data(), error.what(), ErrorMessage::kTextBytes - 1);
    transport_.send_error(&message, sizeof message);
    const auto end = Clock::now() + kToldWithin;
    while (!transport_.errors_are_sent() && Clock::now() < end) std::this_thread::sleep_for(kNap);
  }

 private:
  // Ranks that share cores must not keep each other from them, so that it soon sleeps.
  void wait() {
    const auto begin = Clock::now();
    auto checked = begin;
    while (!is_complete()) {
      const auto now = Clock::now();
      if (now - checked >= kBetweenChecks) {
        checked = now;
        check_others();
      }
      if (now - begin < kSpin)
        std::this_thread::yield();
      else
        std::this_thread::sleep_for(kNap);
    }
  }

  bool is_complete() {
    const std::lock_guard lock(mutex_);
    return transport_.is_complete() != 0;
  }

  // Whoever throws here leaves MPI as it is: the job ends.
  void check_others() {
    ErrorMessage message;
    int from = 0;
    if (receive_error(message, from)) {
      ended_ = true;
      message.text.back() = 0;
      fail(static_cast<ErrorCode>(message.code), "rank ", from, ": ", message.text.data());
    }
    for (int r = 0; r < size_; ++r)
      if (is_gone(processes_[static_cast<size_t>(r)])) {
        ended_ = true;  // the others see it for themselves
        fail_lost(r, "its process gone");
      }
    if (heartbeat_ && heartbeat_->is_silent())
      fail_lost(neighbour(-1), "no sign of life for ", timeout_, " seconds");
  }

  bool receive_error(ErrorMessage& message, int& from) {
    const std::lock_guard lock(mutex_);
    return transport_.receive_error(&message, sizeof message, &from) > 0;
  }

  template <class... Parts>
  [[noreturn]] static void fail_lost(int rank, const Parts&... found) {
    fail(ErrorCode::kRankLost, "rank ", rank, ": found ", found...,
         ", wanted it to answer; the same command goes on from the newest checkpoint");
  }

  // The ranks stand in a ring: each sends signs of life to the next one.
  int neighbour(int distance) const { return (rank_ + distance + size_) % size_; }

  void start_heartbeat() {
    heartbeat_ = std::make_unique<Heartbeat>(
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(timeout_)),
        [this] {
          const std::lock_guard lock(mutex_);
          transport_.send_beat(neighbour(1));
        },
        [this] {
          const std::lock_guard lock(mutex_);
          return transport_.receive_beats(neighbour(-1));
        });
  }

  // No sign of life may be under way when MPI ends: all stop to send, then all take what came.
  void end() {
    try {
      if (!ended_) barrier();
      heartbeat_.reset();
      if (!ended_) barrier();
    } catch (const Error&) {
      heartbeat_.reset();
      ended_ = true;  // MPI would wait for the rank that is lost
    }
    if (ended_) return;
    transport_.receive_beats(neighbour(-1));
    transport_.end();
  }

  bool is_gone(const Process& other) const {
    return other.machine == processes_[static_cast<size_t>(rank_)].machine &&
           kill(static_cast<pid_t>(other.number), 0) != 0 && errno == ESRCH;
  }

  const MpiTransport& transport_;
  double timeout_;    // seconds
  std::mutex mutex_;  // of the transport
  int rank_ = 0, size_ = 1;
  std::vector<Process> processes_;  // by rank
  bool ended_ = false;
  std::unique_ptr<Heartbeat> heartbeat_;
};

}  // namespace

std::unique_ptr<Communicator> make_mpi(const CommunicatorOptions& options) {
  return std::make_unique<MpiCommunicator>(options.timeout);
}

}  // namespace albert
