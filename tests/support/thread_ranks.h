#pragma once
// Ranks of one job as threads of this process. Sums are made in the order of ranks, so their bits
// do not depend on who comes first.
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
      all_.sum(values.data(), static_cast<int64_t>(values.size()), rank_);
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

  template <class T>
  void sum(T* values, int64_t n, int rank) {
    std::unique_lock lock(mutex_);
    // A member that ended while nobody needs it any more is not missed.
    throw_if_ended(rank);
    if (arrived_ == 0) shares_.assign(static_cast<size_t>(size_), {});
    auto& share = shares_[static_cast<size_t>(rank)];
    share.assign(reinterpret_cast<const std::byte*>(values),
                 reinterpret_cast<const std::byte*>(values + n));
    const int64_t turn = turn_;
    if (++arrived_ == size_) {
      add_up<T>(n);
      arrived_ = 0;
      ++turn_;
      changed_.notify_all();
    } else {
      changed_.wait(lock, [&] { return turn_ != turn || end_; });
      if (turn_ == turn) throw_if_ended(rank);
    }
    const T* total = reinterpret_cast<const T*>(total_.data());
    std::copy(total, total + n, values);
  }

  template <class T>
  void add_up(int64_t n) {
    for (const auto& share : shares_)
      ALBERT_CHECK(share.size() == static_cast<size_t>(n) * sizeof(T), "ranks at different sums");
    total_ = shares_[0];
    T* total = reinterpret_cast<T*>(total_.data());
    for (size_t r = 1; r < shares_.size(); ++r) {
      const T* share = reinterpret_cast<const T*>(shares_[r].data());
      for (int64_t i = 0; i < n; ++i) total[i] += share[i];
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
  std::vector<std::vector<std::byte>> shares_;
  std::vector<std::byte> total_;
  int arrived_ = 0;
  int64_t turn_ = 0;
  std::atomic<int64_t> host_sums_ = 0;
  std::optional<End> end_;
};

}  // namespace albert::testing
