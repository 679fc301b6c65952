#include "albert/kernels/cpu/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <thread>
#include <vector>

#include "albert/kernels/cpu/parallel.h"
#include "albert/kernels/matmul.h"
#include "tests/support/tensors.h"

namespace albert::kernels {
namespace {

Stream stream_of(ThreadPool& pool) { return {.pool = &pool}; }

// How often each of n items ran.
std::vector<int> counts_of(ThreadPool& pool, int64_t n) {
  std::vector<std::atomic<int>> counts(static_cast<size_t>(n));
  parallel_for(stream_of(pool), n, [&](int64_t i) { ++counts[static_cast<size_t>(i)]; });
  return {counts.begin(), counts.end()};
}

std::vector<int> once(int64_t n) { return std::vector<int>(static_cast<size_t>(n), 1); }

// Runs jobs until a helper has come in time for one, which is soon even on a busy machine. An item
// is called with whether a helper runs it.
template <class Item>
void until_helped(ThreadPool& pool, const Item& item) {
  const auto caller = std::this_thread::get_id();
  for (std::atomic<bool> helped = false; !helped;)
    parallel_for(stream_of(pool), 8, [&](int64_t) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
      while (std::chrono::steady_clock::now() < end) {
      }
      const bool on_helper = std::this_thread::get_id() != caller;
      if (on_helper) helped = true;
      item(on_helper);
    });
}

TEST(ThreadPool, RunsEveryItemOnce) {
  for (const int helpers : {0, 1, 2, 7}) {
    ThreadPool pool(helpers);
    for (int repeat = 0; repeat < 200; ++repeat)
      for (const int64_t n : {0, 1, 2, 3, 8, 50})
        ASSERT_EQ(counts_of(pool, n), once(n)) << helpers << " helpers, " << n << " items";
  }
}

TEST(ThreadPool, HelpersThatSleepAreWoken) {
  ThreadPool pool(3);
  for (int repeat = 0; repeat < 5; ++repeat) {
    until_helped(pool, [](bool) {});
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // longer than they spin
  }
}

TEST(ThreadPool, WhatItemsWroteIsSeenByTheCaller) {
  ThreadPool pool(3);
  for (int64_t repeat = 1; repeat < 500; ++repeat) {
    std::vector<int64_t> squares(16);
    parallel_for(stream_of(pool), 16,
                 [&](int64_t i) { squares[static_cast<size_t>(i)] = repeat * i * i; });
    for (int64_t i = 0; i < 16; ++i) ASSERT_EQ(squares[static_cast<size_t>(i)], repeat * i * i);
  }
}

TEST(ThreadPool, AnItemMayRunAJobOfItsOwn) {
  ThreadPool pool(2);
  std::atomic<int> inner = 0;
  parallel_for(stream_of(pool), 5,
               [&](int64_t) { parallel_for(stream_of(pool), 7, [&](int64_t) { ++inner; }); });
  EXPECT_EQ(inner, 35);
}

TEST(ThreadPool, ManyCallersAtOnce) {
  ThreadPool pool(2);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c)
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 200; ++repeat) wrong += counts_of(pool, 9) != once(9);
    });
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(ThreadPool, AnExceptionComesOutOnTheCallingThread) {
  ThreadPool pool(1);
  std::atomic<int> ran = 0;
  EXPECT_THROW(parallel_for(stream_of(pool), 6,
                            [&](int64_t i) {
                              ++ran;
                              if (i == 2) throw std::runtime_error("planted");
                            }),
               std::runtime_error);
  EXPECT_EQ(ran, 6);
  EXPECT_THROW(until_helped(pool,
                            [](bool on_helper) {
                              if (on_helper) throw std::runtime_error("planted");
                            }),
               std::runtime_error);
  EXPECT_EQ(counts_of(pool, 20), once(20));
}

// A child of fork() has none of its parent's helpers, so here they never come.
TEST(ThreadPool, WorkIsDoneWhereHelpersNeverCome) {
  auto pool = std::make_unique<ThreadPool>(3);
  until_helped(*pool, [](bool) {});
  const pid_t child = fork();
  if (child == 0) {
    bool right = true;
    for (int repeat = 0; repeat < 100; ++repeat) right = right && counts_of(*pool, 30) == once(30);
    pool.reset();
    _exit(right ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(counts_of(*pool, 30), once(30));
}

int64_t threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

TEST(ThreadPool, ThreadsStartWithTheFirstJobAndEndWithThePool) {
  const auto before = threads();
  {
    ThreadPool pool(3);
    EXPECT_EQ(threads(), before);
    counts_of(pool, 2);
    EXPECT_EQ(threads(), before + 3);
  }
  EXPECT_EQ(threads(), before);
}

// Each of the pool's threads calls oneDNN, whose OpenMP would by itself start a team for each.
TEST(ThreadPool, OneDnnStartsNoThreads) {
  const auto before = threads();
  const auto backend = make_backend({.threads = 1, .isa = Isa::kGeneric});
  ThreadPool pool(2);
  Stream stream = backend->stream();
  stream.pool = &pool;
  for (const DType t : {DType::kF32, DType::kBF16}) {
    const auto x = testing::TestTensor::random(t, {800, 96}, 1),
               w = testing::TestTensor::random(t, {800, 96}, 2);
    testing::TestTensor y(t, {800, 800}),
        packed(DType::kU8, {static_cast<int64_t>(packed_bytes(stream, {800, 96}, t))});
    pack_weight(stream, packed, w);
    linear_forward(stream, y, x, w, packed, {}, Activation::kGelu);
    matmul(stream, y, x, w, {.transpose_b = true});
  }
  EXPECT_EQ(threads(), before + 2);
}

}  // namespace
}  // namespace albert::kernels
