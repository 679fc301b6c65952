#include "albert/serving/metrics.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include <unistd.h>

namespace albert::serving {
namespace {

std::vector<double> time_bounds() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}
std::vector<double> powers_of_two(double most) {
  std::vector<double> bounds;
  for (double bound = 1; bound <= most; bound *= 2) bounds.push_back(bound);
  return bounds;
}

double seconds_of(Metrics::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string line(const std::string& name, const std::string& labels, double value) {
  std::ostringstream out;
  out.precision(17);
  out << name;
  if (!labels.empty()) out << "{" << labels << "}";
  out << " " << value << "\n";
  return out.str();
}

std::string head(const std::string& name, const char* type, const char* help) {
  return "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

std::string gauge(const std::string& name, const char* help, int64_t value) {
  return head(name, "gauge", help) + line(name, "", static_cast<double>(value));
}
std::string counter(const std::string& name, const char* help, int64_t value) {
  return head(name, "counter", help) + line(name, "", static_cast<double>(value));
}

std::string milliseconds(double seconds) {
  if (!std::isfinite(seconds)) return std::isnan(seconds) ? "none" : "more than 60000 ms";
  std::ostringstream out;
  out << seconds * 1000 << " ms";
  return out.str();
}

}  // namespace

void Histogram::add(double value) {
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  ++counts_[static_cast<size_t>(at)];
  ++count_;
  sum_ += value;
}

std::string Histogram::text(const std::string& name, const std::string& labels) const {
  const std::string comma = labels.empty() ? "" : labels + ",";
  std::string out;
  int64_t below = 0;
  for (size_t i = 0; i < bounds_.size(); ++i) {
    below += counts_[i];
    std::ostringstream bound;
    bound << bounds_[i];
    out += line(name + "_bucket", comma + "le=\"" + bound.str() + "\"", static_cast<double>(below));
  }
  out += line(name + "_bucket", comma + "le=\"+Inf\"", static_cast<double>(count_));
  out += line(name + "_sum", labels, sum_);
  return out + line(name + "_count", labels, static_cast<double>(count_));
}

double Histogram::quantile(double share) const {
  if (count_ == 0) return std::numeric_limits<double>::quiet_NaN();
  int64_t below = 0;
  for (size_t i = 0; i < bounds_.size(); ++i) {
    below += counts_[i];
    if (static_cast<double>(below) >= share * static_cast<double>(count_)) return bounds_[i];
  }
  return std::numeric_limits<double>::infinity();
}

Metrics::Metrics()
    : batch_seconds_(time_bounds()),
      batch_texts_(powers_of_two(1024)),
      batch_tokens_(powers_of_two(65536)),
      recent_seconds_(time_bounds()) {}

void Metrics::count_request(const std::string& endpoint, int status, Duration duration) {
  const double seconds = seconds_of(duration);
  const std::lock_guard lock(mutex_);
  ++requests_[{endpoint, status}];
  seconds_.try_emplace(endpoint, time_bounds()).first->second.add(seconds);
  ++recent_requests_;
  if (status >= 400) ++recent_errors_;
  recent_seconds_.add(seconds);
}

void Metrics::count_batch(int64_t texts, int64_t tokens, Duration duration) {
  const std::lock_guard lock(mutex_);
  texts_ += texts;
  tokens_ += tokens;
  recent_tokens_ += tokens;
  batch_seconds_.add(seconds_of(duration));
  batch_texts_.add(static_cast<double>(texts));
  batch_tokens_.add(static_cast<double>(tokens));
}

void Metrics::watch_queue(std::function<QueueSizes()> sizes) {
  const std::lock_guard lock(mutex_);
  queue_sizes_ = std::move(sizes);
}

std::string Metrics::prometheus() const {
  const std::lock_guard lock(mutex_);
  const QueueSizes queue = queue_sizes_ ? queue_sizes_() : QueueSizes{};
  std::string out = head("albert_requests_total", "counter", "Requests by endpoint and status.");
  for (const auto& [key, count] : requests_)
    out += line("albert_requests_total",
                "endpoint=\"" + key.first + "\",status=\"" + std::to_string(key.second) + "\"",
                static_cast<double>(count));
  out += head("albert_request_seconds", "histogram",
              "From the last byte of a request to its answer, in seconds.");
  for (const auto& [endpoint, histogram] : seconds_)
    out += histogram.text("albert_request_seconds", "endpoint=\"" + endpoint + "\"");
  out += head("albert_batch_seconds", "histogram", "Time to compute a batch, in seconds.") +
         batch_seconds_.text("albert_batch_seconds", "");
  out += head("albert_batch_texts", "histogram", "Texts of a batch.") +
         batch_texts_.text("albert_batch_texts", "");
  out += head("albert_batch_tokens", "histogram", "Tokens of a batch.") +
         batch_tokens_.text("albert_batch_tokens", "");
  out += counter("albert_texts_total", "Texts computed.", texts_);
  out += counter("albert_tokens_total", "Tokens computed.", tokens_);
  out += gauge("albert_queue_requests", "Requests with texts that wait.", queue.requests);
  out += gauge("albert_queue_texts", "Texts that wait.", queue.texts);
  out += gauge("albert_queue_tokens", "Tokens that wait.", queue.tokens);
  out += gauge("albert_requests_in_flight", "Requests being answered.", requests_in_flight);
  out += gauge("albert_connections", "Open connections.", connections);
  out += counter("albert_refused_connections_total", "Connections beyond the limit.",
                 refused_connections);
  out += counter("albert_timed_out_reads_total", "Requests that did not arrive in time.",
                 timed_out_reads);
  return out +
         gauge("process_resident_memory_bytes", "Resident memory in bytes.", resident_bytes());
}

std::string Metrics::summary() {
  const std::lock_guard lock(mutex_);
  const QueueSizes queue = queue_sizes_ ? queue_sizes_() : QueueSizes{};
  std::ostringstream out;
  out << recent_requests_ << " requests, " << recent_errors_ << " of them errors, "
      << recent_tokens_ << " tokens; half took at most "
      << milliseconds(recent_seconds_.quantile(0.5)) << ", 99 of 100 at most "
      << milliseconds(recent_seconds_.quantile(0.99)) << "; " << queue.texts << " texts wait";
  recent_requests_ = recent_errors_ = recent_tokens_ = 0;
  recent_seconds_ = Histogram(time_bounds());
  return out.str();
}

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t pages = 0, resident = 0;
  if (!(file >> pages >> resident)) return 0;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace albert::serving
