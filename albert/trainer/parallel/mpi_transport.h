#pragma once
#include <cstddef>

namespace albert {

// What is asked of MPI. The functions are those of a module, albert_mpi.so, that is compiled with
// an MPI library and opened when ranks are wanted, so that the programs start without one. Any
// thread may call them, one at a time.
struct MpiTransport {
  static constexpr int kVersion = 2;

  int version;
  void (*begin)(int* rank, int* size);
  // Starts to send `to_bytes[r]` bytes of to[r] to each rank r, and to receive from[r] from it.
  // Sizes of 0 are left out.
  void (*start)(const void* const* to, const size_t* to_bytes, void* const* from,
                const size_t* from_bytes);
  int (*is_complete)();  // whether that is done; makes progress
  // A message to every other rank beside all that, and one that came: its size and sender, or 0.
  void (*send_error)(const void* message, size_t bytes);
  size_t (*receive_error)(void* message, size_t capacity, int* rank);
  int (*errors_are_sent)();
  // Sends a sign of life, unless the one before has not been sent yet.
  void (*send_beat)(int to);
  int (*receive_beats)(int from);  // how many came since the last call
  void (*end)();                   // waits for all ranks
};

}  // namespace albert

// The one symbol of the module.
extern "C" const albert::MpiTransport* albert_mpi_transport();
