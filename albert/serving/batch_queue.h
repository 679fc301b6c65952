#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

namespace albert::serving {

using Clock = std::chrono::steady_clock;

// How long a request is worth computing.
struct Ticket {
  Clock::time_point deadline = Clock::time_point::max();
  std::shared_ptr<const std::atomic<bool>> cancelled = {};  // true once its client is gone
};

// The texts of one request in the queue, by their numbers of tokens.
struct QueuedRequest {
  QueuedRequest(std::vector<int64_t> of_texts, Ticket is)
      : tokens(std::move(of_texts)), ticket(std::move(is)) {}
  virtual ~QueuedRequest() = default;

  const std::vector<int64_t> tokens;
  const Ticket ticket;
  const Clock::time_point arrival = Clock::now();

  // The queue's, under its lock.
  size_t taken = 0, finished = 0;
  std::exception_ptr error;
  bool over() const { return error != nullptr || finished == tokens.size(); }
};

// One text of a batch.
struct BatchItem {
  std::shared_ptr<QueuedRequest> request;
  size_t index = 0;  // of the text in its request
};

struct BatchLimits {
  int64_t batch_tokens = 2048;     // of a batch; a text that has more is a batch alone
  int64_t queued_tokens = 131072;  // that wait
};

struct QueueSizes {
  int64_t requests = 0, texts = 0, tokens = 0;  // that wait
};

// Requests of many clients, waiting for one thread that computes. Requests take turns, a text each,
// so that a long one does not hold up the others; nothing waits for a batch to fill.
class BatchQueue {
 public:
  explicit BatchQueue(const BatchLimits& limits) : limits_(limits) {}

  // HttpError 429 where the tokens that wait would become too many, 413 where this request's own
  // are, 503 after close().
  void add(const std::shared_ptr<QueuedRequest>& request);
  // Until all its texts are finished. Throws what finish() was given, HttpError 504 at the
  // deadline, 499 where the client is gone.
  void wait(const std::shared_ptr<QueuedRequest>& request);

  // The next texts to compute, once there are some; none after close(), when all are taken.
  std::vector<BatchItem> next_batch();
  void finish(const std::vector<BatchItem>& items, const std::exception_ptr& error = nullptr);

  // What waits is still computed; nothing more is added.
  void close();
  QueueSizes sizes() const;

 private:
  void drop_abandoned();
  void fail(QueuedRequest& request, std::exception_ptr error);
  int64_t waiting_tokens(const QueuedRequest& request) const;

  const BatchLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable has_work_, has_results_;
  std::deque<std::shared_ptr<QueuedRequest>> waiting_;  // those with texts that are not taken
  int64_t tokens_ = 0, texts_ = 0;                      // of these texts
  bool closed_ = false;
};

}  // namespace albert::serving
