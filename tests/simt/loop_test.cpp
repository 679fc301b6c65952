// Training on the emulated GPU: checkpoints, resuming to the same bits, f16 with its loss scale.
#include "albert/trainer/loop/training_loop.h"

#include <sstream>

#include "albert/base/json.h"
#include "albert/kernels/update_factors.h"
#include "albert/trainer/loop/checkpoint.h"
#include "tests/support/compare.h"
#include "tests/support/random_task.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;
using kernels::LossScale;

constexpr int64_t kSteps = 6;

LoopOptions options_for(const fs::path& folder, int64_t steps) {
  LoopOptions options;
  options.output_dir = folder;
  options.total_steps = steps;
  options.schedule = {.peak = 1e-2, .warmup_steps = 2, .total_steps = kSteps};
  options.logging_steps = 1;
  options.save_steps = 3;
  options.frozen_settings = "{}";
  options.quiet = true;
  return options;
}

double train_to(const fs::path& folder, Precision precision, Device device,
                int64_t steps = kSteps) {
  RandomTask task(precision, device);
  SelfCommunicator self;
  std::ostringstream log;
  return train(task, options_for(folder, steps), self, log).evaluation.at("loss");
}

// The losses that were logged, step by step.
std::vector<double> logged(const fs::path& folder) {
  std::istringstream lines(read_bytes(folder / "metrics.jsonl"));
  std::vector<double> losses;
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line);
    if (json.contains("loss")) losses.push_back(json.at("loss").get<double>());
  }
  return losses;
}

std::string weights(const fs::path& folder) { return read_bytes(folder / "model.safetensors"); }

nlohmann::json state_after(const fs::path& folder, int64_t step) {
  return nlohmann::json::parse(read_bytes(Checkpoints(folder).folder(step) / "trainer_state.json"));
}

TEST(TrainingOnAGpu, ResumesToTheSameBits) {
  const TemporaryFolder whole, stopped;
  train_to(whole.path(), Precision::kF16, Device::kCuda);
  train_to(stopped.path(), Precision::kF16, Device::kCuda, kSteps / 2);
  fs::remove(stopped / "model.safetensors");
  train_to(stopped.path(), Precision::kF16, Device::kCuda);
  EXPECT_EQ(weights(whole.path()), weights(stopped.path()));
}

TEST(TrainingOnAGpu, LearnsAsTheCpuDoes) {
  const TemporaryFolder on_gpu, on_cpu;
  const double gpu = train_to(on_gpu.path(), Precision::kF32, Device::kCuda);
  const double cpu = train_to(on_cpu.path(), Precision::kF32, Device::kCpu);
  EXPECT_NEAR(gpu, cpu, 1e-3 * cpu);
  ASSERT_EQ(logged(on_cpu.path()).size(), static_cast<size_t>(kSteps));
  EXPECT_TRUE(close(logged(on_gpu.path()), logged(on_cpu.path()), 1e-4));
}

TEST(TrainingOnAGpu, StoppedByASignalGoesOnToTheSameBits) {
  const TemporaryFolder whole, stopped;
  train_to(whole.path(), Precision::kF16, Device::kCuda);
  RandomTask task(Precision::kF16, Device::kCuda);
  task.signal_at = 1;
  SelfCommunicator self;
  std::ostringstream log;
  const LoopResult result = train(task, options_for(stopped.path(), kSteps), self, log);
  EXPECT_EQ(result.end, LoopEnd::kStopped);
  EXPECT_EQ(result.step, 2);  // the update that was queued is ended and saved
  train_to(stopped.path(), Precision::kF16, Device::kCuda);
  EXPECT_EQ(weights(whole.path()), weights(stopped.path()));
  EXPECT_EQ(logged(whole.path()), logged(stopped.path()));
}

std::vector<std::string> events_of(Device device) {
  const TemporaryFolder folder;
  RandomTask task(Precision::kF32, device);
  SelfCommunicator self;
  std::ostringstream log;
  train(task, options_for(folder.path(), 4), self, log);
  return task.events;
}

// Saves after steps 3 and 4, which must see no later weights.
TEST(TrainingOnAGpu, IsGivenTheNextUpdateBeforeTheHostReadsThisOne) {
  EXPECT_EQ(events_of(Device::kCuda),
            (std::vector<std::string>{"queued 0", "queued 1", "read 0", "queued 2", "read 1",
                                      "read 2", "queued 3", "read 3"}));
  EXPECT_EQ(events_of(Device::kCpu),
            (std::vector<std::string>{"queued 0", "read 0", "queued 1", "read 1", "queued 2",
                                      "read 2", "queued 3", "read 3"}));
}

TEST(TrainingOnAGpu, InF16FindsItsLossScale) {
  const TemporaryFolder f16, f32;
  const double loss = train_to(f16.path(), Precision::kF16, Device::kCuda);
  const double exact = train_to(f32.path(), Precision::kF32, Device::kCpu);
  const auto state = state_after(f16.path(), kSteps);
  EXPECT_LE(state.at("loss_scale").get<double>(), LossScale::kStart);
  EXPECT_GT(state.at("optimizer_steps").get<int64_t>(), 0);
  const auto skipped = static_cast<double>(kSteps - state.at("optimizer_steps").get<int64_t>());
  EXPECT_NEAR(loss, exact, (0.01 + 0.05 * skipped) * exact);
}

TEST(TrainingOnAGpu, InF16HalvesTheLossScaleWhenAGradientOverflows) {
  const TemporaryFolder folder;
  RandomTask task(Precision::kF16, Device::kCuda);
  task.spoiled_from = 0;
  task.spoiled_to = 3;
  SelfCommunicator self;
  std::ostringstream log;
  auto options = options_for(folder.path(), 4);
  options.quiet = false;
  train(task, options, self, log);
  const auto state = state_after(folder.path(), 4);
  EXPECT_LE(state.at("loss_scale").get<double>(), LossScale::kStart / 8);
  EXPECT_EQ(state.at("skipped_in_a_row").get<int>(), 0);
  EXPECT_NE(log.str().find("gradients overflowed f16"), std::string::npos) << log.str();
}

}  // namespace
}  // namespace albert::testing
