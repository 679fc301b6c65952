// albert_mpi.so: the functions of MpiTransport by the MPI library that this was compiled with.
#include <mpi.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "albert/trainer/parallel/mpi_transport.h"

namespace {

constexpr size_t kMostBytes = size_t{1} << 30;  // of a message: MPI counts in int
constexpr int kDataTag = 1, kErrorTag = 2, kBeatTag = 3;

// The module has one job, as the process has one MPI.
struct Job {
  int rank = 0, size = 1;
  std::vector<MPI_Request> requests, errors;
  std::vector<char> error;
  MPI_Request beat = MPI_REQUEST_NULL;
};

Job& job() {
  static Job job;
  return job;
}

void begin(int* rank, int* size) {
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &job().rank);
  MPI_Comm_size(MPI_COMM_WORLD, &job().size);
  *rank = job().rank;
  *size = job().size;
}

// Messages between two ranks with one tag keep their order.
template <class Bytes, class Start>
void in_messages(Bytes* data, size_t bytes, Start start) {
  for (size_t at = 0; at < bytes; at += kMostBytes)
    start(data + at, static_cast<int>(std::min(kMostBytes, bytes - at)),
          &job().requests.emplace_back());
}

void start(const void* const* to, const size_t* to_bytes, void* const* from,
           const size_t* from_bytes) {
  for (int r = 0; r < job().size; ++r) {
    if (r == job().rank) continue;
    in_messages(static_cast<char*>(from[r]), from_bytes[r],
                [r](void* data, int bytes, MPI_Request* request) {
                  MPI_Irecv(data, bytes, MPI_BYTE, r, kDataTag, MPI_COMM_WORLD, request);
                });
    in_messages(static_cast<const char*>(to[r]), to_bytes[r],
                [r](const void* data, int bytes, MPI_Request* request) {
                  MPI_Isend(data, bytes, MPI_BYTE, r, kDataTag, MPI_COMM_WORLD, request);
                });
  }
}

int all_done(std::vector<MPI_Request>& requests) {
  int done = 0;
  MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE);
  if (done) requests.clear();
  return done;
}

int is_complete() { return all_done(job().requests); }

void send_error(const void* message, size_t bytes) {
  const auto* data = static_cast<const char*>(message);
  job().error.assign(data, data + bytes);
  for (int r = 0; r < job().size; ++r)
    if (r != job().rank)
      MPI_Isend(job().error.data(), static_cast<int>(bytes), MPI_BYTE, r, kErrorTag, MPI_COMM_WORLD,
                &job().errors.emplace_back());
}

size_t receive_error(void* message, size_t capacity, int* rank) {
  int there = 0, bytes = 0;
  MPI_Status status;
  MPI_Iprobe(MPI_ANY_SOURCE, kErrorTag, MPI_COMM_WORLD, &there, &status);
  if (!there) return 0;
  MPI_Get_count(&status, MPI_BYTE, &bytes);
  std::vector<char> all(static_cast<size_t>(bytes));
  MPI_Recv(all.data(), bytes, MPI_BYTE, status.MPI_SOURCE, kErrorTag, MPI_COMM_WORLD,
           MPI_STATUS_IGNORE);
  *rank = status.MPI_SOURCE;
  const size_t kept = std::min(capacity, all.size());
  std::memcpy(message, all.data(), kept);
  return kept;
}

int errors_are_sent() { return all_done(job().errors); }

void send_beat(int to) {
  static const char kBeat = 0;
  int sent = 0;
  MPI_Test(&job().beat, &sent, MPI_STATUS_IGNORE);
  if (sent) MPI_Isend(&kBeat, 1, MPI_BYTE, to, kBeatTag, MPI_COMM_WORLD, &job().beat);
}

int receive_beats(int from) {
  for (int beats = 0;; ++beats) {
    int there = 0;
    MPI_Iprobe(from, kBeatTag, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
    if (!there) return beats;
    char beat = 0;
    MPI_Recv(&beat, 1, MPI_BYTE, from, kBeatTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
}

void end() { MPI_Finalize(); }

constexpr albert::MpiTransport kTransport{albert::MpiTransport::kVersion,
                                          begin,
                                          start,
                                          is_complete,
                                          send_error,
                                          receive_error,
                                          errors_are_sent,
                                          send_beat,
                                          receive_beats,
                                          end};

}  // namespace

const albert::MpiTransport* albert_mpi_transport() { return &kTransport; }
