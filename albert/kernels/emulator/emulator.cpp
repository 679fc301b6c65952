#include "albert/kernels/emulator/emulator.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "albert/base/error.h"
#include "albert/kernels/cuda/simt/simt.h"
#include "albert/kernels/emulator/fiber.h"

namespace albert::kernels::simt::emulator {
namespace {

constexpr size_t kPage = 4096;

enum class State : uint8_t { kReady, kAtBarrier, kAtWarpOperation, kDone };

struct Copy {
  void* to;
  const void* from;  // null: zeros
  void land() const {
    constexpr size_t kBytes = 16;
    from ? static_cast<void>(std::memcpy(to, from, kBytes))
         : static_cast<void>(std::memset(to, 0, kBytes));
  }
};

struct Fiber {
  FiberStack stack;
  std::vector<Copy> open;                   // asynchronous copies that belong to no group yet
  std::deque<std::vector<Copy>> in_flight;  // by group
  void* saved = nullptr;
  State state = State::kReady;
  const char* operation = "";  // the operation it waits at, and its line in the kernel
  int line = 0;
  void* operand = nullptr;
};

// The lanes that wait at a warp operation; all must wait at the same one.
struct Warp {
  size_t waiting = 0;
  const Fiber* first = nullptr;
};

// Shared memory of a block. A guard page follows it.
class SharedMemory {
 public:
  explicit SharedMemory(size_t bytes)
      : bytes_((bytes + 15) / 16 * 16), mapped_((bytes_ + kPage - 1) / kPage * kPage) {
    void* block =
        mmap(nullptr, mapped_ + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<std::byte*>(block);
    mprotect(end(), kPage, PROT_NONE);
  }
  ~SharedMemory() { munmap(base_, mapped_ + kPage); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  std::byte* data() const { return base_ + mapped_ - bytes_; }
  std::byte* end() const { return base_ + mapped_; }
  void poison() const { std::memset(data(), 0xff, bytes_); }  // NaN in every float type

 private:
  size_t bytes_, mapped_;
  std::byte* base_;
};

// Runs one launch, block after block.
class Machine {
 public:
  Machine(const Schedule& schedule, const Launch& launch, const std::function<void()>& body,
          std::vector<std::unique_ptr<Fiber>>& fibers)
      : schedule_(schedule),
        launch_(launch),
        body_(body),
        fibers_(fibers),
        memory_(launch.shared_bytes) {
    while (fibers_.size() < static_cast<size_t>(launch.threads))
      fibers_.push_back(std::make_unique<Fiber>());
    warps_.resize(static_cast<size_t>(launch.threads / kWarp));
    order_.resize(static_cast<size_t>(launch.threads));
    std::iota(order_.begin(), order_.end(), 0);
    if (schedule.order == Order::kReverse) std::reverse(order_.begin(), order_.end());
  }

  void run() {
    std::vector<int64_t> blocks(static_cast<size_t>(launch_.blocks));
    std::iota(blocks.begin(), blocks.end(), 0);
    if (schedule_.order == Order::kReverse) std::reverse(blocks.begin(), blocks.end());
    if (schedule_.order == Order::kRandom) std::shuffle(blocks.begin(), blocks.end(), random_);
    for (const int64_t b : blocks) run_block(b);
  }

  int thread() const { return current_; }
  int threads() const { return launch_.threads; }
  int64_t block() const { return block_; }
  void* shared() const { return memory_.data(); }

  void barrier(int line) {
    Fiber& me = *fibers_[static_cast<size_t>(current_)];
    me.line = line;
    me.state = State::kAtBarrier;
    leave();
  }

  void warp_operation(const char* name, int line, void* operand, void (*apply)(void* const*)) {
    Fiber& me = *fibers_[static_cast<size_t>(current_)];
    me.operation = name;
    me.line = line;
    me.operand = operand;
    me.state = State::kAtWarpOperation;
    if (!completes_warp(me)) return leave();
    void* operands[kWarp];
    const auto first = static_cast<size_t>(current_ - current_ % kWarp);
    for (size_t i = 0; i < kWarp; ++i) operands[i] = fibers_[first + i]->operand;
    apply(operands);
    for (size_t i = 0; i < kWarp; ++i) fibers_[first + i]->state = State::kReady;
  }

  void copy_async(const Copy& copy) {
    if (schedule_.eager_copies) copy.land();
    fibers_[static_cast<size_t>(current_)]->open.push_back(copy);
  }

  void commit_copies() {
    Fiber& me = *fibers_[static_cast<size_t>(current_)];
    me.in_flight.push_back(std::exchange(me.open, {}));
  }

  void wait_copies(size_t groups) {
    Fiber& me = *fibers_[static_cast<size_t>(current_)];
    for (; me.in_flight.size() > groups; me.in_flight.pop_front())
      for (const Copy& copy : me.in_flight.front())
        if (!schedule_.eager_copies) copy.land();
  }

  // Every fiber runs this function.
  void live() {
    body_();
    const Fiber& me = *fibers_[static_cast<size_t>(current_)];
    const auto empty = [](const std::vector<Copy>& group) { return group.empty(); };
    if (!me.open.empty() || !std::all_of(me.in_flight.begin(), me.in_flight.end(), empty))
      complain("ends before its asynchronous copies", "have landed");
    fibers_[static_cast<size_t>(current_)]->state = State::kDone;
    ++done_;
    leave();
  }

  // A fiber continues here after it accessed memory that is not mapped: on a fresh stack, and never
  // returns.
  bool redirect_fault(void* address, ucontext_t* context) {
    if (!in_fiber_) return false;
    fault_ = static_cast<std::byte*>(address);
    auto** stack =
        static_cast<void**>(fibers_[static_cast<size_t>(current_)]->stack.prepare(nullptr));
    context->uc_mcontext.gregs[REG_RSP] =
        reinterpret_cast<greg_t>(stack + 7);  // as the entry of prepare() expects it
    context->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(&land);
    return true;
  }

 private:
  static void land();

  void report_fault() {
    const bool near = fault_ >= memory_.data() - kPage && fault_ < memory_.end() + kPage;
    complain("touches memory that is not there",
             near ? "next to the block's shared memory" : "outside every buffer");
    leave();
  }

  void leave() {
    in_fiber_ = false;
    albert_simt_switch(&fibers_[static_cast<size_t>(current_)]->saved, scheduler_);
  }

  bool enter(int i) {
    Fiber& fiber = *fibers_[static_cast<size_t>(i)];
    if (fiber.state != State::kReady || !complaint_.empty()) return false;
    current_ = i;
    in_fiber_ = true;
    albert_simt_switch(&scheduler_, fiber.saved);
    return true;
  }

  void complain(const std::string& what, const std::string& where) {
    if (complaint_.empty())
      complaint_ = "thread " + std::to_string(current_) + " of block " + std::to_string(block_) +
                   " " + what + " " + where;
  }

  // Returns true for the last lane that arrives; the warp can then begin its next operation.
  bool completes_warp(const Fiber& me) {
    Warp& warp = warps_[static_cast<size_t>(current_ / kWarp)];
    if (warp.waiting++ == 0) warp.first = &me;
    const auto same = [](const char* a, const char* b) { return a == b || std::strcmp(a, b) == 0; };
    if (me.line != warp.first->line || !same(me.operation, warp.first->operation))
      complain("is at " + std::string(me.operation) + " in line " + std::to_string(me.line) +
                   ", a lane of its warp",
               "at " + std::string(warp.first->operation) + " in line " +
                   std::to_string(warp.first->line));
    if (warp.waiting < kWarp || !complaint_.empty()) return false;
    warp.waiting = 0;
    return true;
  }

  void run_block(int64_t b) {
    block_ = b;
    done_ = 0;
    memory_.poison();
    std::fill(warps_.begin(), warps_.end(), Warp{});
    for (int i = 0; i < launch_.threads; ++i) {
      Fiber& fiber = *fibers_[static_cast<size_t>(i)];
      fiber.saved = fiber.stack.prepare(&begin);
      fiber.state = State::kReady;
      fiber.open.clear();
      fiber.in_flight.clear();
    }
    while (done_ < launch_.threads) {
      const bool ran = pass();
      if (complaint_.empty() && !release_barrier() && !ran) complain_of_waiting();
      if (!complaint_.empty()) fail(ErrorCode::kInternal, "simt: ", complaint_);
    }
  }

  static void begin();

  // Lets every thread that can run do so once, in the order of the schedule.
  bool pass() {
    if (schedule_.order == Order::kGreedy) return greedy_pass();
    if (schedule_.order == Order::kRandom) std::shuffle(order_.begin(), order_.end(), random_);
    bool ran = false;
    for (const int i : order_) ran |= enter(i);
    return ran;
  }

  bool greedy_pass() {
    const int warps = launch_.threads / kWarp,
              first = static_cast<int>(random_() % static_cast<unsigned>(warps));
    bool ran = false;
    for (int w = 0; w < warps; ++w)
      for (bool again = true; again;) {
        again = false;
        for (int i = 0; i < kWarp; ++i) again |= enter((first + w) % warps * kWarp + i);
        ran |= again;
      }
    return ran;
  }

  // Returns true if all threads waited at one barrier, and releases them.
  bool release_barrier() {
    const int line = fibers_[0]->line;
    for (int i = 0; i < launch_.threads; ++i)
      if (fibers_[static_cast<size_t>(i)]->state != State::kAtBarrier) return false;
    for (int i = 0; i < launch_.threads; ++i) {
      Fiber& fiber = *fibers_[static_cast<size_t>(i)];
      current_ = i;
      if (fiber.line != line)
        complain("is at the barrier in line " + std::to_string(fiber.line) + ", thread 0",
                 "at the one in line " + std::to_string(line));
      fiber.state = State::kReady;
    }
    return true;
  }

  void complain_of_waiting() {
    for (int i = 0; i < launch_.threads && complaint_.empty(); ++i) {
      const Fiber& fiber = *fibers_[static_cast<size_t>(i)];
      current_ = i;
      if (fiber.state == State::kAtBarrier)
        complain("waits for ever at the barrier", "in line " + std::to_string(fiber.line));
      if (fiber.state == State::kAtWarpOperation)
        complain("waits for ever for its warp at " + std::string(fiber.operation),
                 "in line " + std::to_string(fiber.line));
    }
  }

  Schedule schedule_;
  Launch launch_;
  const std::function<void()>& body_;
  std::vector<std::unique_ptr<Fiber>>& fibers_;
  SharedMemory memory_;
  std::minstd_rand random_{schedule_.seed};
  std::vector<Warp> warps_;
  std::vector<int> order_;
  int64_t block_ = 0;
  int current_ = 0, done_ = 0;
  bool in_fiber_ = false;
  void* scheduler_ = nullptr;
  std::byte* fault_ = nullptr;
  std::string complaint_;
};

// Device functions have no argument that leads to their machine, so a thread-local pointer does.
// Stacks outlive a launch, because mapping them anew would take most of its time.
thread_local Machine* running = nullptr;
thread_local std::vector<std::unique_ptr<Fiber>> stacks;

void Machine::begin() { running->live(); }
void Machine::land() { running->report_fault(); }

// While this lives, a fault inside a fiber is reported as an error of the emulator.
class FaultHandler {
 public:
  FaultHandler() : stack_(64 * 1024) {
    stack_t alternative = {};
    alternative.ss_sp = stack_.data();
    alternative.ss_size = stack_.size();
    sigaltstack(&alternative, &old_stack_);
    struct sigaction action = {};
    action.sa_sigaction = &handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, &old_action_);
  }
  ~FaultHandler() {
    sigaction(SIGSEGV, &old_action_, nullptr);
    sigaltstack(&old_stack_, nullptr);
  }
  FaultHandler(const FaultHandler&) = delete;
  FaultHandler& operator=(const FaultHandler&) = delete;

 private:
  static void handle(int, siginfo_t* info, void* context) {
    if (running && running->redirect_fault(info->si_addr, static_cast<ucontext_t*>(context)))
      return;
    signal(SIGSEGV, SIG_DFL);  // a fault outside of fibers: let it happen again
  }

  std::vector<std::byte> stack_;
  stack_t old_stack_ = {};
  struct sigaction old_action_ = {};
};

}  // namespace

bool computes_f64() {
  static const bool as_a_gpu = std::getenv("ALBERT_TEST_DEVICE") != nullptr;
  return !as_a_gpu;
}

int thread() { return running->thread(); }
int threads() { return running->threads(); }
int64_t block() { return running->block(); }
void* shared() { return running->shared(); }
void barrier(int line) { running->barrier(line); }
void warp_operation(const char* name, int line, void* operand, void (*apply)(void* const*)) {
  running->warp_operation(name, line, operand, apply);
}

void copy_async(void* to, const void* from, bool inside) {
  running->copy_async({to, inside ? from : nullptr});
}
void commit_copies() { running->commit_copies(); }
void wait_copies(int groups) { running->wait_copies(static_cast<size_t>(groups)); }

void submit(const Stream& s, const std::function<void(const Schedule&)>& work) {
  const auto* queue = static_cast<const Queue*>(s.queue);
  if (!queue) return work({});
  if (!queue->submitter) return work(queue->schedule);
  queue->submitter->submit([work, schedule = queue->schedule] { work(schedule); });
}

void run(const Schedule& schedule, const Launch& launch, const std::function<void()>& thread_body) {
  ALBERT_CHECK(launch.threads > 0 && launch.threads <= 1024 && launch.threads % kWarp == 0,
               "a block of ", launch.threads, " threads");
  ALBERT_CHECK(!running, "a launch inside a kernel");
  ALBERT_CHECK(launch.shared_bytes <= schedule.most_shared_bytes, "simt: a block with ",
               launch.shared_bytes, " bytes of shared memory, wanted ", schedule.most_shared_bytes,
               " at most");
  Machine machine(schedule, launch, thread_body, stacks);
  const FaultHandler handler;
  struct Running {
    explicit Running(Machine* machine) { running = machine; }
    ~Running() { running = nullptr; }
  } const now(&machine);
  machine.run();
}

}  // namespace albert::kernels::simt::emulator
