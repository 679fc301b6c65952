#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "albert/serving/batch_queue.h"

namespace albert::serving {

// How many values lie at or below each bound, as Prometheus counts them.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds)
      : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}
  void add(double value);
  // Lines of `name` with these labels, `endpoint="/embed"` or none.
  std::string text(const std::string& name, const std::string& labels) const;
  // The bound below which the share lies; infinity behind the last; NaN where nothing was added.
  double quantile(double share) const;
  int64_t count() const { return count_; }

 private:
  std::vector<double> bounds_;
  std::vector<int64_t> counts_;  // of each interval, not summed
  int64_t count_ = 0;
  double sum_ = 0;
};

// What the server did and does, as Prometheus reads it. Any thread may use it.
class Metrics {
 public:
  using Duration = std::chrono::steady_clock::duration;
  Metrics();

  // `endpoint`: a path that exists, or "other".
  void count_request(const std::string& endpoint, int status, Duration duration);
  void count_batch(int64_t texts, int64_t tokens, Duration duration);
  void watch_queue(std::function<QueueSizes()> sizes);

  std::atomic<int64_t> connections = 0, requests_in_flight = 0, refused_connections = 0,
                       timed_out_reads = 0;

  std::string prometheus() const;
  // One line on what happened since the last call of it: "120 requests, 1 error, ..".
  std::string summary();

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, int64_t> requests_;  // by endpoint and status
  std::map<std::string, Histogram> seconds_;                 // of requests, by endpoint
  Histogram batch_seconds_, batch_texts_, batch_tokens_;
  int64_t texts_ = 0, tokens_ = 0;
  std::function<QueueSizes()> queue_sizes_;

  // Since the last summary.
  int64_t recent_requests_ = 0, recent_errors_ = 0, recent_tokens_ = 0;
  Histogram recent_seconds_;
};

// Bytes of this process in memory; 0 where the system does not say.
int64_t resident_bytes();

}  // namespace albert::serving
