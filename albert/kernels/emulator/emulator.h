#pragma once
// Runs kernels on the CPU as a GPU might: one fiber per thread, switched at barriers and warp
// operations only, blocks one after another. Shared memory begins as NaN and ends at a guard page.
// What depends on the order in which threads run shows as a difference between schedules; what no
// order forgives is an Error.
#include <cstddef>
#include <cstdint>
#include <functional>

namespace albert::kernels {

struct Stream;

namespace simt {

struct Launch;

// In which order threads run between two barriers, and blocks after each other.
enum class Order : uint8_t {
  kForward,
  kReverse,
  kRandom,
  kGreedy
};  // kGreedy: a warp as far ahead as it gets

struct Schedule {
  Order order = Order::kForward;
  uint32_t seed = 1;  // of kRandom and kGreedy
  bool eager_copies =
      false;  // asynchronous copies land at once; else not before they are waited for
};

// Who runs launches and fakes of library calls instead of their caller at once.
class Submitter {
 public:
  virtual ~Submitter() = default;
  virtual void submit(std::function<void()> work) = 0;
};

// What Stream::queue points to.
struct Queue {
  Schedule schedule;
  Submitter* submitter = nullptr;
};

namespace emulator {

// Of the fiber that runs.
int thread();
int threads();
int64_t block();
void* shared();

void barrier(int line);

// Returns when all lanes of the warp have come to the same operation in the same line; the last of
// them calls `apply` with every lane's operand.
void warp_operation(const char* name, int line, void* operand,
                    void (*apply)(void* const* operands));

void copy_async(void* to, const void* from, bool inside);
void commit_copies();
void wait_copies(int groups);  // all but so many have landed

// Error(kInternal): threads at different barriers, or gone before one; lanes at different warp
// operations; memory outside every buffer; a thread that ends before its copies.
void run(const Schedule& schedule, const Launch& launch, const std::function<void()>& thread_body);

// work(schedule) now, or when the queue's submitter says.
void submit(const Stream& s, const std::function<void(const Schedule&)>& work);

}  // namespace emulator
}  // namespace simt
}  // namespace albert::kernels
