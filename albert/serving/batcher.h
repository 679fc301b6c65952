#pragma once
#include <functional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "albert/serving/batch_queue.h"
#include "albert/serving/metrics.h"

namespace albert::serving {

// Computes the texts of all clients in batches, on a thread of its own: a function that one thread
// at a time may use becomes one for all. Input is a text as the model takes it, Output its result.
template <class Input, class Output>
class Batcher {
 public:
  // Gives an output for each input, in their order.
  using Compute = std::function<std::vector<Output>(std::span<const Input>)>;

  Batcher(const BatchLimits& limits, Compute compute, Metrics& metrics)
      : queue_(limits), compute_(std::move(compute)), metrics_(metrics) {
    metrics_.watch_queue([this] { return queue_.sizes(); });
    thread_ = std::thread([this] { work(); });
  }
  // What waits is computed first.
  ~Batcher() {
    metrics_.watch_queue({});
    queue_.close();
    thread_.join();
  }
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // The outputs in the order of the inputs, which have `tokens` tokens. Throws what `compute`
  // throws for this request's own texts, and the HttpErrors of BatchQueue.
  std::vector<Output> run(std::vector<Input> inputs, std::vector<int64_t> tokens,
                          const Ticket& ticket) {
    const auto request = std::make_shared<Request>(std::move(inputs), std::move(tokens), ticket);
    queue_.add(request);
    queue_.wait(request);
    return std::move(request->outputs);
  }

 private:
  struct Request : QueuedRequest {
    Request(std::vector<Input> texts, std::vector<int64_t> of_texts, const Ticket& is)
        : QueuedRequest(std::move(of_texts), is),
          inputs(std::move(texts)),
          outputs(inputs.size()) {}
    std::vector<Input> inputs;
    std::vector<Output> outputs;
  };

  void work() {
    for (auto batch = queue_.next_batch(); !batch.empty(); batch = queue_.next_batch()) {
      const auto begin = Clock::now();
      int64_t tokens = 0;
      for (const BatchItem& item : batch) tokens += item.request->tokens[item.index];
      compute(batch);
      metrics_.count_batch(static_cast<int64_t>(batch.size()), tokens, Clock::now() - begin);
    }
  }

  void compute(const std::vector<BatchItem>& batch) {
    try {
      compute_together(batch);
    } catch (...) {
      // One request's texts may be what fails; the others have their outputs all the same.
      if (batch.size() == 1)
        queue_.finish(batch, std::current_exception());
      else
        for (const BatchItem& item : batch) compute({item});
      return;
    }
    queue_.finish(batch);
  }

  void compute_together(const std::vector<BatchItem>& batch) {
    std::vector<Input> inputs;
    for (const BatchItem& item : batch) inputs.push_back(of(item).inputs[item.index]);
    std::vector<Output> outputs = compute_(inputs);
    for (size_t i = 0; i < batch.size(); ++i)
      of(batch[i]).outputs[batch[i].index] = std::move(outputs.at(i));
  }

  static Request& of(const BatchItem& item) { return static_cast<Request&>(*item.request); }

  BatchQueue queue_;
  Compute compute_;
  Metrics& metrics_;
  std::thread thread_;
};

}  // namespace albert::serving
