#include "albert/serving/batch_queue.h"

#include <algorithm>
#include <numeric>

#include "albert/serving/http_error.h"

namespace albert::serving {
namespace {

std::exception_ptr timed_out() {
  return std::make_exception_ptr(
      HttpError(504, "Overloaded", "the request was not computed before its deadline"));
}

std::exception_ptr client_gone() {
  return std::make_exception_ptr(HttpError(499, "Overloaded", "the client closed the connection"));
}

bool is_cancelled(const QueuedRequest& request) {
  return request.ticket.cancelled && *request.ticket.cancelled;
}

}  // namespace

int64_t BatchQueue::waiting_tokens(const QueuedRequest& request) const {
  const auto begin = request.tokens.begin() + static_cast<std::ptrdiff_t>(request.taken);
  return std::accumulate(begin, request.tokens.end(), int64_t{0});
}

void BatchQueue::add(const std::shared_ptr<QueuedRequest>& request) {
  const std::lock_guard lock(mutex_);
  const int64_t tokens = waiting_tokens(*request);
  if (closed_) throw HttpError(503, "Unhealthy", "the server is shutting down");
  if (tokens > limits_.queued_tokens)
    throw HttpError(413, "Validation",
                    "the request has " + std::to_string(tokens) + " tokens, wanted at most " +
                        std::to_string(limits_.queued_tokens));
  if (tokens_ + tokens > limits_.queued_tokens)
    throw HttpError(429, "Overloaded", "the queue is full");
  if (request->tokens.empty()) return;
  tokens_ += tokens;
  texts_ += static_cast<int64_t>(request->tokens.size());
  waiting_.push_back(request);
  has_work_.notify_one();
}

void BatchQueue::wait(const std::shared_ptr<QueuedRequest>& request) {
  std::unique_lock lock(mutex_);
  while (!request->over())
    if (request->ticket.deadline == Clock::time_point::max()) {
      has_results_.wait(lock);
    } else if (has_results_.wait_until(lock, request->ticket.deadline) == std::cv_status::timeout &&
               !request->over()) {
      fail(*request, timed_out());
    }
  if (request->error) std::rethrow_exception(request->error);
}

// Takes what waits of the request out of the queue.
void BatchQueue::fail(QueuedRequest& request, std::exception_ptr error) {
  request.error = std::move(error);
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const auto& waiting) { return waiting.get() == &request; });
  if (found == waiting_.end()) return;
  tokens_ -= waiting_tokens(request);
  texts_ -= static_cast<int64_t>(request.tokens.size() - request.taken);
  waiting_.erase(found);
}

void BatchQueue::drop_abandoned() {
  const Clock::time_point now = Clock::now();
  const auto all = waiting_;
  for (const auto& request : all)
    if (is_cancelled(*request)) {
      fail(*request, client_gone());
    } else if (request->ticket.deadline <= now) {
      fail(*request, timed_out());
    }
}

std::vector<BatchItem> BatchQueue::next_batch() {
  std::unique_lock lock(mutex_);
  std::vector<BatchItem> batch;
  int64_t room = limits_.batch_tokens;
  while (batch.empty()) {
    has_work_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return batch;
    drop_abandoned();
    while (!waiting_.empty()) {
      const auto request = waiting_.front();
      const int64_t tokens = request->tokens[request->taken];
      if (tokens > room && !batch.empty()) break;
      batch.push_back({request, request->taken++});
      room -= tokens;
      tokens_ -= tokens;
      --texts_;
      waiting_.pop_front();
      if (request->taken < request->tokens.size()) waiting_.push_back(request);
    }
    has_results_.notify_all();  // of those that were dropped
  }
  return batch;
}

void BatchQueue::finish(const std::vector<BatchItem>& items, const std::exception_ptr& error) {
  const std::lock_guard lock(mutex_);
  for (const BatchItem& item : items) {
    ++item.request->finished;
    if (error && !item.request->error) fail(*item.request, error);
  }
  has_results_.notify_all();
}

void BatchQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  has_work_.notify_all();
}

QueueSizes BatchQueue::sizes() const {
  const std::lock_guard lock(mutex_);
  return {static_cast<int64_t>(waiting_.size()), texts_, tokens_};
}

}  // namespace albert::serving
