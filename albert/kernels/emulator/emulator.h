#pragma once
// Runs kernels on the CPU as a GPU might: one fiber per thread, switched at barriers and warp
// operations only, blocks one after another. Shared memory begins as NaN and ends at a guard page.
// A kernel that depends on the order of threads gives different results under different schedules;
// one that is wrong in every order is an Error.
#include <cstddef>
#include <cstdint>
#include <functional>

namespace albert::kernels {

struct Stream;

namespace simt {

struct Launch;

// The order in which threads run between two barriers, and blocks one after another.
enum class Order : uint8_t {
  kForward,
  kReverse,
  kRandom,
  kGreedy
};  // kGreedy: each warp runs ahead as far as it can

struct Schedule {
  Order order = Order::kForward;
  uint32_t seed = 1;  // of kRandom and kGreedy
  bool eager_copies =
      false;  // asynchronous copies arrive at once; if false, not before they are waited for
  size_t most_shared_bytes = SIZE_MAX;  // of a block; a launch that asks for more is an Error
};

// Defers launches and calls of fake libraries, which run at once without it.
class Submitter {
 public:
  virtual ~Submitter() = default;
  virtual void submit(std::function<void()> work) = 0;
};

// Stream::queue points to one of these.
struct Queue {
  Schedule schedule;
  Submitter* submitter = nullptr;
};

namespace emulator {

// False in a process with ALBERT_TEST_DEVICE, whose tests run as they do on a GPU: kernels refuse
// f64 there.
bool computes_f64();

// Position of the running fiber.
int thread();
int threads();
int64_t block();
void* shared();

void barrier(int line);

// Returns when all lanes of the warp have reached the same operation in the same line; the last one
// calls `apply` with every lane's operand.
void warp_operation(const char* name, int line, void* operand,
                    void (*apply)(void* const* operands));

void copy_async(void* to, const void* from, bool inside);
void commit_copies();
void wait_copies(int groups);  // returns when all but `groups` of them have arrived

// Error(kInternal): threads at different barriers, or gone before one; lanes at different warp
// operations; memory outside every buffer; a thread that ends before its copies.
void run(const Schedule& schedule, const Launch& launch, const std::function<void()>& thread_body);

// Runs work(schedule) now, or hands it to the queue's submitter.
void submit(const Stream& s, const std::function<void(const Schedule&)>& work);

}  // namespace emulator
}  // namespace simt
}  // namespace albert::kernels
