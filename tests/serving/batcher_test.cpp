#include "albert/serving/batcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "albert/serving/http_error.h"

namespace albert::serving {
namespace {

using namespace std::chrono_literals;

// A model whose output is ten times its input, which is let go batch by batch.
class FakeModel {
 public:
  std::vector<int> operator()(std::span<const int> inputs) {
    std::unique_lock lock(mutex_);
    batches_.emplace_back(inputs.begin(), inputs.end());
    started_.notify_all();
    released_.wait(lock, [this] { return open_ || permits_ > 0; });
    if (!open_) --permits_;
    std::vector<int> outputs;
    for (const int input : inputs) {
      if (input < 0) throw std::runtime_error("negative");
      outputs.push_back(10 * input);
    }
    return outputs;
  }
  void open() { release(0, true); }
  void let_one_go() { release(1, false); }
  // Waits until so many batches have begun.
  void wait_for(size_t batches) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(started_.wait_for(lock, 10s, [&] { return batches_.size() >= batches; }));
  }
  std::vector<std::vector<int>> batches() {
    const std::lock_guard lock(mutex_);
    return batches_;
  }

 private:
  void release(int permits, bool open) {
    const std::lock_guard lock(mutex_);
    permits_ += permits;
    open_ = open;
    released_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable started_, released_;
  std::vector<std::vector<int>> batches_;
  int permits_ = 0;
  bool open_ = false;
};

class Batchers : public ::testing::Test {
 protected:
  void make(const BatchLimits& limits) {
    batcher_ = std::make_unique<Batcher<int, int>>(
        limits, [this](std::span<const int> inputs) { return model(inputs); }, metrics);
  }
  // A request on a thread of its own; a text `n` has `tokens` tokens.
  std::thread request(std::vector<int> inputs, int64_t tokens, std::vector<int>& outputs,
                      Ticket ticket = {}) {
    return std::thread([this, inputs, tokens, &outputs, ticket] {
      outputs = batcher_->run(inputs, std::vector<int64_t>(inputs.size(), tokens), ticket);
    });
  }
  int status_of(std::vector<int> inputs, int64_t tokens, const Ticket& ticket = {}) {
    try {
      const size_t n = inputs.size();
      batcher_->run(std::move(inputs), std::vector<int64_t>(n, tokens), ticket);
    } catch (const HttpError& e) {
      return e.status();
    }
    return 200;
  }
  void wait_for_queue(int64_t texts) {
    const auto end = Clock::now() + 10s;
    const std::string line = "albert_queue_texts " + std::to_string(texts) + "\n";
    while (metrics.prometheus().find(line) == std::string::npos) {
      ASSERT_LT(Clock::now(), end) << metrics.prometheus();
      std::this_thread::sleep_for(1ms);
    }
  }

  Metrics metrics;
  FakeModel model;
  std::unique_ptr<Batcher<int, int>> batcher_;
};

TEST_F(Batchers, ResultsAreInTheOrderOfTheTexts) {
  make({.batch_tokens = 7, .queued_tokens = 1000});
  model.open();
  std::vector<int> inputs;
  std::vector<int64_t> tokens;
  for (int i = 0; i < 50; ++i) {
    inputs.push_back(i);
    tokens.push_back(1 + i % 5);
  }
  const auto outputs = batcher_->run(inputs, tokens, {});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(outputs[static_cast<size_t>(i)], 10 * i);
  EXPECT_TRUE(batcher_->run({}, {}, {}).empty());
}

TEST_F(Batchers, ABatchHoldsTextsOfSeveralRequestsWithinTheBudget) {
  make({.batch_tokens = 10, .queued_tokens = 1000});
  std::vector<int> first, second, third;
  std::thread blocks = request({1}, 1, first);
  model.wait_for(1);
  std::thread a = request({2, 3, 4}, 4, second);
  wait_for_queue(3);  // so that it is the first
  std::thread b = request({5, 6}, 3, third);
  wait_for_queue(5);
  model.open();
  for (std::thread* t : {&blocks, &a, &b}) t->join();
  EXPECT_EQ(second, (std::vector<int>{20, 30, 40}));
  EXPECT_EQ(third, (std::vector<int>{50, 60}));
  const auto batches = model.batches();
  ASSERT_GE(batches.size(), 3U);
  const std::vector<int>& mixed = batches[1];
  EXPECT_EQ(mixed.size(), 2U) << "4 and 3 tokens fit into 10, 4 more do not";
  EXPECT_NE(mixed[0] > 4, mixed[1] > 4) << "requests take turns";
  size_t texts = 0;
  for (const auto& batch : batches) texts += batch.size();
  EXPECT_EQ(texts, 6U);
}

TEST_F(Batchers, ATextOverTheBudgetIsABatchAlone) {
  make({.batch_tokens = 10, .queued_tokens = 1000});
  model.open();
  EXPECT_EQ(batcher_->run({1, 2, 3}, {4, 50, 4}, {}), (std::vector<int>{10, 20, 30}));
  const auto batches = model.batches();
  EXPECT_EQ(batches.size(), 3U);
}

TEST_F(Batchers, AFullQueueRefusesAndATooLargeRequestNeverFits) {
  make({.batch_tokens = 10, .queued_tokens = 30});
  std::vector<int> first, second;
  std::thread blocks = request({1}, 1, first);
  model.wait_for(1);
  std::thread waits = request({2, 3}, 10, second);
  wait_for_queue(2);
  EXPECT_EQ(status_of({4, 5}, 10), 429);
  EXPECT_EQ(status_of({4, 5, 6, 7}, 10), 413);
  model.open();
  blocks.join();
  waits.join();
  EXPECT_EQ(second, (std::vector<int>{20, 30}));
  EXPECT_EQ(status_of({4, 5}, 10), 200) << "room again";
}

TEST_F(Batchers, ADeadlineEndsTheWaitAndFreesTheQueue) {
  make({.batch_tokens = 10, .queued_tokens = 30});
  std::vector<int> first;
  std::thread blocks = request({1}, 1, first);
  model.wait_for(1);
  const auto begin = Clock::now();
  EXPECT_EQ(status_of({2, 3}, 10, {.deadline = begin + 100ms}), 504);
  EXPECT_GE(Clock::now() - begin, 100ms);
  wait_for_queue(0);
  model.open();
  blocks.join();
  EXPECT_EQ(model.batches().size(), 1U) << "what nobody waits for is not computed";
}

TEST_F(Batchers, WhoIsGoneIsNotComputed) {
  make({.batch_tokens = 10, .queued_tokens = 100});
  std::vector<int> first, other;
  std::thread blocks = request({1}, 1, first);
  model.wait_for(1);
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  int status = 0;
  std::thread leaves([&] { status = status_of({7, 8}, 1, {.cancelled = gone}); });
  wait_for_queue(2);
  std::thread stays = request({3}, 1, other);
  wait_for_queue(3);
  *gone = true;
  model.open();
  for (std::thread* t : {&blocks, &leaves, &stays}) t->join();
  EXPECT_EQ(status, 499);
  EXPECT_EQ(other, (std::vector<int>{30}));
  EXPECT_EQ(model.batches()[1], (std::vector<int>{3}));
}

TEST_F(Batchers, OneRequestsFailureIsNotAnothers) {
  make({.batch_tokens = 100, .queued_tokens = 1000});
  std::vector<int> first, good;
  std::thread blocks = request({1}, 1, first);
  model.wait_for(1);
  std::string what;
  std::thread fails([&] {
    try {
      batcher_->run({2, -1}, {1, 1}, {});
    } catch (const std::runtime_error& e) {
      what = e.what();
    }
  });
  wait_for_queue(2);
  std::thread stays = request({3, 4}, 1, good);
  wait_for_queue(4);
  model.open();
  for (std::thread* t : {&blocks, &fails, &stays}) t->join();
  EXPECT_EQ(what, "negative");
  EXPECT_EQ(good, (std::vector<int>{30, 40}));
}

TEST_F(Batchers, ShuttingDownLosesNothing) {
  make({.batch_tokens = 2, .queued_tokens = 1000});
  std::vector<std::vector<int>> outputs(8);
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i)
    clients.push_back(request({i, i + 100, i + 200}, 1, outputs[static_cast<size_t>(i)]));
  model.wait_for(1);
  wait_for_queue(22);  // one batch of two is computed
  model.open();
  batcher_.reset();
  for (std::thread& client : clients) client.join();
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(outputs[static_cast<size_t>(i)],
              (std::vector<int>{10 * i, 10 * (i + 100), 10 * (i + 200)}));
}

TEST(BatchQueues, NothingIsAddedAfterClose) {
  BatchQueue queue({});
  queue.close();
  try {
    queue.add(std::make_shared<QueuedRequest>(std::vector<int64_t>{1}, Ticket{}));
    ADD_FAILURE() << "added";
  } catch (const HttpError& e) {
    EXPECT_EQ(e.status(), 503);
  }
  EXPECT_TRUE(queue.next_batch().empty());
}

}  // namespace
}  // namespace albert::serving
