// The backend of real GPUs: steps and their recordings, memory that runs out, errors that come
// late.
#include "albert/kernels/cuda/runtime/backend.h"

#include <gtest/gtest.h>

#include "albert/engine/session.h"
#include "albert/engine/transfer.h"
#include "albert/kernels/cuda/runtime/handles.h"
#include "albert/kernels/profile.h"
#include "albert/kernels/row_ops.h"
#include "albert/trainer/optim/optimizer.h"
#include "tests/cuda_runtime/fake_runtime.h"
#include "tests/support/compare.h"
#include "tests/support/files.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

using kernels::Buffer;
using kernels::Grad;

// The library that is found is the fake, and what is learnt of it is not kept.
class Places final : public ::testing::Environment {
 public:
  void SetUp() override {
    setenv("ALBERT_CUDA_LIBS", ALBERT_FAKE_CUBLAS, 1);
    setenv("XDG_CACHE_HOME", cache_.path().c_str(), 1);
  }

 private:
  TemporaryFolder cache_;
};
const auto* const places = ::testing::AddGlobalTestEnvironment(new Places);

constexpr double kEagerness[] = {0, 0.5, 1};

// body() under queues that run late, now and then, and at once; nothing is left behind.
template <class Body>
void in_any_order(const Body& body) {
  for (const double eagerness : kEagerness) {
    SCOPED_TRACE(eagerness);
    cuda_runtime::reset(1, eagerness);
    body();
    EXPECT_EQ(cuda_runtime::alive(), 0);
  }
}

struct Outcome {
  std::vector<double> losses;
  TensorFile weights;
};

// Five updates with dropout; with `profile` nothing is recorded.
Outcome train(kernels::Profile* profile) {
  AlbertConfig config = tiny_config();
  config.hidden_dropout_prob = 0.1;
  auto model = AlbertForPreTraining::from_config(
      config, {.trainable = true, .backend = {.device = Device::kCuda}});
  randomize(model, 3, 0.1);
  model.backend().profile_into(profile);
  Optimizer optimizer(model, {.kind = OptimizerOptions::Kind::kLamb});
  const RandomBatch batch(config, 3, 9, 1);
  Outcome outcome;
  for (uint64_t n = 0; n < 5; ++n) {
    model.zero_grads();
    const auto out = model.start(batch.inputs, batch.pretraining,
                                 {.logits = false, .backward = true, .dropout = {true, 5, n}});
    const auto update = optimizer.step(0.01 / static_cast<double>(n + 1));
    outcome.losses.push_back(*out.get().loss);
    EXPECT_EQ(update.get().applied, 1);
  }
  outcome.weights = model.state_dict();
  if (profile) kernels::collect(*profile);
  return outcome;
}

TEST(CudaBackend, TrainsToTheSameBitsRecordedOrNotAndInAnyOrder) {
  kernels::Profile profile;
  cuda_runtime::reset(1, 1);
  const Outcome expected = train(&profile);
  in_any_order([&] {
    const int64_t before = cuda_runtime::calls().graphs;
    const Outcome recorded = train(nullptr);
    EXPECT_GE(cuda_runtime::calls().graphs - before,
              4);  // of the last two steps and of their updates
    EXPECT_EQ(recorded.losses, expected.losses);
    EXPECT_TRUE(same_bits(recorded.weights, expected.weights));
  });
}

TEST(CudaBackend, TimesKernelsByEventsWithoutWaiting) {
  in_any_order([] {
    const auto backend = kernels::make_backend({.device = Device::kCuda});
    const Buffer a(*backend, 64), b(*backend, 64);
    const Tensor from{a.data(), {16}, DType::kF32}, to{b.data(), {16}, DType::kF32};
    kernels::Profile profile;
    const int alive = cuda_runtime::alive();
    backend->profile_into(&profile);
    for (int n = 0; n < 3; ++n) kernels::accumulate(backend->stream(), to, Grad::kAssign, from);
    EXPECT_EQ(cuda_runtime::alive() - alive, 6);  // an event before and behind each call
    backend->profile_into(nullptr);
    EXPECT_TRUE(profile.kernels.empty());
    kernels::collect(profile);
    EXPECT_EQ(profile.kernels.at("accumulate").calls, 3);
    EXPECT_NEAR(profile.kernels.at("accumulate").seconds, 3e-3, 1e-9);
    EXPECT_EQ(cuda_runtime::alive(), alive);
  });
}

TEST(CudaBackend, LaunchesNothingButGraphsOnceAStepIsKnown) {
  in_any_order([] {
    auto model = AlbertForPreTraining::from_config(
        tiny_config(), {.trainable = true, .backend = {.device = Device::kCuda}});
    Optimizer optimizer(model, {});
    const RandomBatch batch(tiny_config(), 3, 9, 1);
    cuda_runtime::Calls before;
    for (int n = 0; n < 7; ++n) {
      if (n == 4) before = cuda_runtime::calls();
      model.zero_grads();
      model.forward(batch.inputs, batch.pretraining, {.logits = false, .backward = true});
      optimizer.step(1e-3);
    }
    const auto made = cuda_runtime::calls() - before;
    EXPECT_EQ(made.kernels, 0);
    EXPECT_EQ(made.graphs, 6);
  });
}

// What the host asks for when it has seen the step before.
template <class Model>
cuda_runtime::Calls calls_of_a_known_forward() {
  auto model = Model::from_config(tiny_config(), {.backend = {.device = Device::kCuda}});
  const RandomBatch batch(tiny_config(), 1, 9, 1);
  for (int n = 0; n < 3; ++n) model.forward(batch.inputs);
  const auto before = cuda_runtime::calls();
  model.forward(batch.inputs);
  return cuda_runtime::calls() - before;
}

TEST(CudaBackend, AKnownForwardIsACopyThereAGraphAndACopyBack) {
  in_any_order([] {
    using Calls = cuda_runtime::Calls;
    const Calls one{.graphs = 1, .to_gpu = 1, .from_gpu = 1, .records = 1, .host_waits = 1};
    EXPECT_EQ(calls_of_a_known_forward<AlbertForSequenceClassification>(), one);
    const Calls two{.graphs = 1, .to_gpu = 1, .from_gpu = 2, .records = 2, .host_waits = 2};
    EXPECT_EQ(calls_of_a_known_forward<AlbertModel>(), two);  // states and the pooled output
  });
}

// Steps of two GPUs in turn, by one thread: CUDA's current GPU is the other's before each call.
TEST(CudaBackend, TwoGpusInOneProcessDoNotDisturbEachOther) {
  cuda_runtime::reset(1, 0.5);
  cuda_runtime::set_gpus(2);
  const RandomBatch batch(tiny_config(), 3, 9, 1);
  std::vector<AlbertForPreTraining> models;
  std::vector<Optimizer> optimizers;
  for (const int gpu : {0, 1}) {
    models.push_back(AlbertForPreTraining::from_config(
        tiny_config(), {.trainable = true, .backend = {.device = Device::kCuda, .gpu = gpu}}));
    randomize(models.back(), 3, 0.1);
  }
  for (auto& model : models) optimizers.emplace_back(model, OptimizerOptions{});
  for (int n = 0; n < 6; ++n) {
    std::vector<double> losses;
    for (size_t gpu = 0; gpu < 2; ++gpu) {
      models[gpu].zero_grads();
      const auto out =
          models[gpu].start(batch.inputs, batch.pretraining, {.logits = false, .backward = true});
      const auto update = optimizers[gpu].step(1e-3);
      models[1 - gpu].backend().synchronize();
      losses.push_back(*out.get().loss);
      EXPECT_EQ(update.get().applied, 1);
    }
    EXPECT_EQ(losses[0], losses[1]) << n;
  }
  EXPECT_TRUE(same_bits(models[0].state_dict(), models[1].state_dict()));
}

class OnAFake : public ::testing::Test {
 protected:
  ~OnAFake() override {
    cuda_runtime::reset(1, 0);  // the GPU that a test broke
    backend_.reset();
    EXPECT_EQ(cuda_runtime::alive(), 0);
  }
  static Tensor floats(const Buffer& buffer) { return {buffer.data(), {4}, DType::kF32}; }
  std::vector<double> values(const Buffer& buffer) {
    return doubles(download(*backend_, floats(buffer)));
  }
  kernels::Backend& backend() { return *backend_; }

  std::unique_ptr<kernels::Backend> backend_ = [] {
    cuda_runtime::reset(1, 0);
    return kernels::make_cuda_backend({.device = Device::kCuda});
  }();
};

TEST_F(OnAFake, GivesMemoryOfZerosThatTheHostCannotTouch) {
  const Buffer buffer(backend(), 16);
  EXPECT_EQ(values(buffer), std::vector<double>(4, 0));
  EXPECT_DEATH(*floats(buffer).as<float>() = 1, "");
  EXPECT_EQ(Buffer(backend(), 0).data(), nullptr);
}

TEST_F(OnAFake, CopiesOfAnySizeGoThereAndBackInLineWithKernels) {
  const Buffer a(backend(), 16), b(backend(), 16);
  upload(backend(), floats(a), HostTensor::of<float>({4}, {1, 2, 3, 4}));
  kernels::accumulate(backend().stream(), floats(b), Grad::kAdd, floats(a));
  const auto before = start_download(backend(), floats(b));
  upload(backend(), floats(a), HostTensor::of<float>({4}, {5, 6, 7, 8}));
  kernels::accumulate(backend().stream(), floats(b), Grad::kAdd, floats(a));
  EXPECT_EQ(values(b), (std::vector<double>{6, 8, 10, 12}));
  EXPECT_EQ(doubles(before.get()), (std::vector<double>{1, 2, 3, 4}));
  backend().clear(b.data(), 8);
  EXPECT_EQ(values(b), (std::vector<double>{0, 0, 10, 12}));

  const Buffer large(backend(), size_t{20} << 20);
  std::vector<unsigned char> from(large.bytes());
  for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<unsigned char>(i * 31 >> 3);
  backend().copy_to_device(large.data(), from.data(), from.size());
  const auto pending = backend().start_copy_to_host(large.data(), from.size());
  backend().clear(large.data(), large.bytes());
  EXPECT_EQ(std::memcmp(pending->wait(), from.data(), from.size()), 0);
}

TEST_F(OnAFake, RecordsWithoutRunningAndReplaysAsOftenAsWanted) {
  const Buffer a(backend(), 16), b(backend(), 16);
  upload(backend(), floats(a), HostTensor::of<float>({4}, {1, 2, 3, 4}));
  backend().begin_capture();
  kernels::accumulate(backend().stream(), floats(b), Grad::kAdd, floats(a));
  auto recording = backend().end_capture();
  EXPECT_EQ(values(b), std::vector<double>(4, 0));
  for (int n = 0; n < 3; ++n) recording->replay();
  recording.reset();  // the last may still run
  EXPECT_EQ(values(b), (std::vector<double>{3, 6, 9, 12}));
}

TEST_F(OnAFake, ARecordingThatIsSpoiledSaysSoAndTheNextIsAsGoodAsAny) {
  const Buffer a(backend(), 16);
  backend().begin_capture();
  EXPECT_THROW(Buffer(backend(), 16), Error);
  EXPECT_THROW(backend().end_capture(), Error);
  backend().begin_capture();
  kernels::accumulate(backend().stream(), floats(a), Grad::kAdd, floats(a));
  backend().end_capture()->replay();
  backend().begin_capture();
  cuda_runtime::fail_allocation(1);  // no room for the graph
  EXPECT_THROW(backend().end_capture(), Error);
}

TEST_F(OnAFake, MemoryThatRunsOutIsSaidInBytes) {
  cuda_runtime::set_memory(cuda_runtime::used_memory() + (size_t{3} << 29));
  try {
    const Buffer buffer(backend(), size_t{2} << 30);
    FAIL() << "there was no room";
  } catch (const OutOfMemory& e) {
    EXPECT_NE(std::string(e.what()).find("cuda:0 cannot get 2.00 GiB of memory, 1.50 GiB of"),
              std::string::npos)
        << e.what();
    EXPECT_EQ(e.wanted(), size_t{2} << 30);
    EXPECT_EQ(e.free(), size_t{3} << 29);
  }
  const Buffer smaller(backend(), size_t{1} << 20);
}

// CUDA remembers an error until it is asked for it, and the next launch asks.
TEST_F(OnAFake, AnErrorThatWasSaidIsNotSaidAgain) {
  const auto fails = [](const auto& call) {
    cuda_runtime::fail_allocation(1);
    EXPECT_THROW(call(), Error);
    EXPECT_EQ(cuda_runtime::last_error(), cudaSuccess);
  };
  fails([] { kernels::make_pinned(1); });
  fails([] { kernels::make_gpu_memory(1); });
  fails([&] { Buffer(backend(), 16); });
  fails([&] {
    backend().begin_capture();
    backend().end_capture();
  });
  EXPECT_THROW(kernels::make_cuda_backend({.device = Device::kCuda, .gpu = 1}), Error);
  EXPECT_EQ(cuda_runtime::last_error(), cudaSuccess);
}

TEST_F(OnAFake, WhatAKernelDidWrongIsSaidByWhoWaitsForIt) {
  const Buffer a(backend(), 16);
  const auto pending = start_download(backend(), floats(a));
  cuda_runtime::break_gpu(cudaErrorIllegalAddress);
  const auto said = [](const auto& wait) -> std::string {
    try {
      wait();
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  const std::string expected = "CUDA: a kernel: an illegal memory access was encountered";
  EXPECT_EQ(said([&] { backend().synchronize(); }), expected);
  EXPECT_EQ(said([&] { pending.get(); }), expected);
  EXPECT_EQ(said([&] { values(a); }), expected);
}

TEST(CudaBackend, AStepThatDoesNotFitNamesTheBatchThatWould) {
  cuda_runtime::reset(1, 0.5);
  auto model = AlbertForPreTraining::from_config(
      tiny_config(), {.trainable = true, .backend = {.device = Device::kCuda}});
  const auto run = [&](int64_t sequences) {
    const RandomBatch batch(tiny_config(), sequences, 20, 1);
    model.forward(batch.inputs, batch.pretraining, {.logits = false, .backward = true});
  };
  cuda_runtime::set_memory(cuda_runtime::used_memory() + model.backend().workspace_bytes() +
                           2'000'000);
  try {
    run(400);
    FAIL() << "there was no room";
  } catch (const OutOfMemory& e) {
    const std::string said = e.what();
    const size_t at = said.find(": about ");
    ASSERT_NE(at, std::string::npos) << said;
    run(std::stoll(said.substr(at + 8)));
  }
}

}  // namespace
}  // namespace albert::testing
