#pragma once
// Of CUDA's runtime what copies need, without a card: streams whose work runs as late as it may, or at any moment
// before, in an order drawn at random. What does not wait for what it needs reads something else.
#include <cstdint>

namespace albert::testing::cuda_runtime {

// Starts anew: nothing is queued. `eagerness` in [0, 1]: how likely queued work runs on at each call.
void reset(uint32_t seed, double eagerness);

// A kernel: work in line on a stream (a cudaStream_t).
void launch(void* stream, void (*work)(void*), void* argument);

// How many streams, events and blocks of memory have not been given back.
int alive();

// Makes the given allocation from now on fail, host's or card's; 0: none.
void fail_allocation(int number);

}  // namespace albert::testing::cuda_runtime
