#pragma once
// Runs kernels on the CPU as a GPU might: one fiber per thread, switched at barriers and warp operations only, blocks
// one after another. Shared memory begins as NaN and ends at a guard page. What depends on the order in which threads
// run shows as a difference between schedules; what no order forgives is an Error.
#include <cstddef>
#include <cstdint>
#include <functional>

namespace albert::kernels::simt {

struct Launch;

// In which order threads run between two barriers, and blocks after each other.
enum class Order : uint8_t { kForward, kReverse, kRandom, kGreedy };  // kGreedy: a warp as far ahead as it gets

struct Schedule {
  Order order = Order::kForward;
  uint32_t seed = 1;  // of kRandom and kGreedy
};

namespace emulator {

// Of the fiber that runs.
int thread();
int threads();
int64_t block();
void* shared();

void barrier(int line);

// Returns when all lanes of the warp have come to the same operation in the same line; the last of them calls `apply`
// with every lane's operand.
void warp_operation(const char* name, int line, void* operand, void (*apply)(void* const* operands));

// Error(kInternal): threads at different barriers, or gone before one; lanes at different warp operations; memory
// outside every buffer.
void run(const Schedule& schedule, const Launch& launch, const std::function<void()>& thread_body);

}  // namespace emulator
}  // namespace albert::kernels::simt
