#pragma once
// Of CUDA's runtime what the engine calls, without a GPU: streams whose work runs as late as it
// may, or at any moment before, in an order drawn at random; kernels by the emulator; memory that
// the host cannot touch. What does not wait for what it needs reads something else, and what may
// not be recorded spoils the recording. An error is remembered until cudaGetLastError() asks for
// it.
#include <driver_types.h>

#include <cstddef>
#include <cstdint>

namespace albert::testing::cuda_runtime {

// Starts anew: nothing is queued, no error is left. `eagerness` in [0, 1]: how likely queued work
// runs on at each call.
void reset(uint32_t seed, double eagerness);

// A kernel: work in line on a stream (a cudaStream_t).
void launch(void* stream, void (*work)(void*), void* argument);

// How many streams, events, graphs and blocks of memory have not been given back.
int alive();

// Makes the given allocation from now on fail, host's or GPU's; 0: none.
void fail_allocation(int number);

// How many GPUs there are, one at first. What belongs to one is used while it is the current one.
void set_gpus(int number);

// The error that cudaGetLastError() would return.
cudaError_t last_error();

// The GPU's memory, in bytes, and how much of it is used.
void set_memory(size_t bytes);
size_t used_memory();

// As a kernel that touched memory which is not there: from now on every wait says so.
void break_gpu(cudaError_t status);

// What the host has asked for so far. Kernels are those that were queued one by one; a graph is one
// call, however many it has.
struct Calls {
  int64_t kernels = 0, graphs = 0;
  int64_t to_gpu = 0, on_gpu = 0, from_gpu = 0;  // copies
  int64_t clears = 0, records = 0;               // of memory; of events
  int64_t stream_waits = 0, host_waits = 0;
  int64_t allocations = 0;  // of the host's page-locked memory or the GPU's

  bool operator==(const Calls&) const = default;
  Calls operator-(const Calls& earlier) const;
};
Calls calls();

// A GPU that computes and copies nothing and is always done, which costs the host as good as
// nothing: what is left is the engine's own work. It lasts until reset().
void compute_nothing();

}  // namespace albert::testing::cuda_runtime
