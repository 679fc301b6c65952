#pragma once
// Ranks of one job as threads of this process.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "albert/base/error.h"
#include "albert/trainer/parallel/communicator.h"

namespace albert::testing {

class ThreadRanks {
 public:
  // What a rank's work came to: an error, or none.
  using Outcome = std::optional<Error>;

  explicit ThreadRanks(int size) : size_(size) {}

  // Runs work on a thread for each rank, and returns when all have ended.
  std::vector<Outcome> run(const std::function<void(Communicator& ranks)>& work) {
    std::vector<Outcome> outcomes(static_cast<size_t>(size_));
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size_; ++rank)
      threads.emplace_back([&, rank] {
        Member member(*this, rank);
        try {
          work(member);
        } catch (const Error& e) {
          outcomes[static_cast<size_t>(rank)] = e;
        }
      });
    for (auto& thread : threads) thread.join();
    return outcomes;
  }

  int waiting() const {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }
  int64_t host_sums() const { return host_sums_; }

 private:
  class Member final : public Communicator {
   public:
    Member(ThreadRanks& all, int rank) : all_(all), rank_(rank) {}
    // A rank that ends leaves no other one waiting.
    ~Member() override { all_.end({ErrorCode::kInternal, "it has ended"}, rank_); }

    int rank() const override { return rank_; }
    int size() const override { return all_.size_; }
    void sum(const kernels::Stream&, Tensor tensor) override {
      if (tensor.dtype == DType::kF64)
        all_.sum(tensor.as<double>(), tensor.shape.size(), rank_);
      else
        all_.sum(tensor.as<float>(), tensor.shape.size(), rank_);
    }
    void sum(std::span<double> values) override {
      if (leads()) ++all_.host_sums_;
      Communicator::sum(values);
    }
    void exchange(std::span<const ConstBytes> to, std::span<const Bytes> from) override {
      all_.exchange(to, from, rank_);
    }
    void abort(const Error& error) noexcept override { all_.end(error, rank_); }

   private:
    ThreadRanks& all_;
    int rank_;
  };

  struct End {
    Error error;
    int rank;
  };

  // In the order of ranks, as a communicator of GPUs may add up.
  template <class T>
  void sum(T* values, int64_t n, int rank) {
    std::vector<std::vector<T>> shares(static_cast<size_t>(size_),
                                       std::vector<T>(values, values + n));
    std::vector<Bytes> from;
    for (auto& share : shares) from.push_back(std::as_writable_bytes(std::span(share)));
    exchange(std::vector<ConstBytes>(shares.size(),
                                     std::as_bytes(std::span(values, from[0].size() / sizeof(T)))),
             from, rank);
    for (int64_t i = 0; i < n; ++i) {
      values[i] = shares[0][static_cast<size_t>(i)];
      for (size_t r = 1; r < shares.size(); ++r) values[i] += shares[r][static_cast<size_t>(i)];
    }
  }

  void exchange(std::span<const ConstBytes> to, std::span<const Bytes> from, int rank) {
    std::unique_lock lock(mutex_);
    // A member that ended while nobody needs it any more is not missed.
    throw_if_ended(rank);
    if (arrived_ == 0) sent_.assign(static_cast<size_t>(size_), {});
    auto& own = sent_[static_cast<size_t>(rank)];
    for (const ConstBytes bytes : to) own.emplace_back(bytes.begin(), bytes.end());
    const int64_t turn = turn_;
    if (++arrived_ == size_) {
      received_ = std::move(sent_);
      arrived_ = 0;
      ++turn_;
      changed_.notify_all();
    } else {
      changed_.wait(lock, [&] { return turn_ != turn || end_; });
      if (turn_ == turn) throw_if_ended(rank);
    }
    for (int r = 0; r < size_; ++r) {
      if (r == rank) continue;
      const auto& bytes = received_[static_cast<size_t>(r)][static_cast<size_t>(rank)];
      ALBERT_CHECK(bytes.size() == from[static_cast<size_t>(r)].size(), "ranks at other exchanges");
      std::copy(bytes.begin(), bytes.end(), from[static_cast<size_t>(r)].begin());
    }
  }

  void throw_if_ended(int rank) const {
    if (end_ && end_->rank != rank)
      throw Error(end_->error.code(),
                  "rank " + std::to_string(end_->rank) + ": " + end_->error.what());
  }
  void end(const Error& error, int rank) noexcept {
    const std::lock_guard lock(mutex_);
    if (!end_) end_ = {error, rank};
    changed_.notify_all();
  }

  const int size_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::vector<std::vector<std::byte>>> sent_, received_;  // by sender and receiver
  int arrived_ = 0;
  int64_t turn_ = 0;
  std::atomic<int64_t> host_sums_ = 0;
  std::optional<End> end_;
};

}  // namespace albert::testing
