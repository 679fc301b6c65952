// Training on the emulated card: checkpoints, resuming to the same bits, f16 with its loss scale.
#include "trainer/training_loop.h"

#include <sstream>

#include "engine/io/json.h"
#include "tests/support/random_task.h"
#include "trainer/checkpoint.h"
#include "trainer/loss_scale.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSteps = 6;

LoopOptions options_for(const fs::path& folder, int64_t steps) {
  LoopOptions options;
  options.output_dir = folder;
  options.total_steps = steps;
  options.schedule = {.peak = 1e-2, .warmup_steps = 2, .total_steps = kSteps};
  options.logging_steps = 1;
  options.save_steps = 3;
  options.recipe = "{}";
  options.quiet = true;
  return options;
}

double train_to(const fs::path& folder, Precision precision, Device device, int64_t steps = kSteps) {
  RandomTask task(precision, device);
  SelfCommunicator self;
  std::ostringstream log;
  return train(task, options_for(folder, steps), self, log).evaluation.at("loss");
}

std::string weights(const fs::path& folder) { return read_bytes(folder / "model.safetensors"); }

nlohmann::json state_after(const fs::path& folder, int64_t step) {
  return nlohmann::json::parse(read_bytes(Checkpoints(folder).folder(step) / "trainer_state.json"));
}

TEST(TrainingOnACard, ResumesToTheSameBits) {
  const TemporaryFolder whole, stopped;
  train_to(whole.path(), Precision::kF16, Device::kCuda);
  train_to(stopped.path(), Precision::kF16, Device::kCuda, kSteps / 2);
  fs::remove(stopped / "model.safetensors");
  train_to(stopped.path(), Precision::kF16, Device::kCuda);
  EXPECT_EQ(weights(whole.path()), weights(stopped.path()));
}

TEST(TrainingOnACard, LearnsAsTheCpuDoes) {
  const TemporaryFolder on_card, on_cpu;
  const double card = train_to(on_card.path(), Precision::kF32, Device::kCuda);
  const double cpu = train_to(on_cpu.path(), Precision::kF32, Device::kCpu);
  EXPECT_NEAR(card, cpu, 1e-3 * cpu);
}

TEST(TrainingOnACard, InF16FindsItsLossScale) {
  const TemporaryFolder f16, f32;
  const double loss = train_to(f16.path(), Precision::kF16, Device::kCuda);
  const double exact = train_to(f32.path(), Precision::kF32, Device::kCpu);
  const auto state = state_after(f16.path(), kSteps);
  EXPECT_LE(state.at("loss_scale").get<double>(), LossScale::kStart);
  EXPECT_GT(state.at("optimizer_steps").get<int64_t>(), 0);
  const auto skipped = static_cast<double>(kSteps - state.at("optimizer_steps").get<int64_t>());
  EXPECT_NEAR(loss, exact, (0.01 + 0.05 * skipped) * exact);
}

TEST(TrainingOnACard, InF16HalvesTheLossScaleWhenAGradientOverflows) {
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
