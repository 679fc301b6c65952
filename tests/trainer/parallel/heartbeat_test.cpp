// Signs of life: heard, missed, and heard again.
#include "albert/trainer/parallel/heartbeat.h"

#include <gtest/gtest.h>

namespace albert::testing {
namespace {

using namespace std::chrono_literals;

// Waits for it far longer than a heartbeat should take, for machines that are busy.
bool becomes(const Heartbeat& heartbeat, bool silent) {
  const auto end = Heartbeat::Clock::now() + 30s;
  while (heartbeat.is_silent() != silent && Heartbeat::Clock::now() < end)
    std::this_thread::sleep_for(1ms);
  return heartbeat.is_silent() == silent;
}

TEST(Heartbeat, MissesWhatIsNotHeardAndTakesItBack) {
  std::atomic<bool> alive = true;
  std::atomic<int> sent = 0;
  const Heartbeat heartbeat(
      200ms, [&] { ++sent; }, [&] { return alive ? 1 : 0; });
  EXPECT_FALSE(heartbeat.is_silent());
  alive = false;
  EXPECT_TRUE(becomes(heartbeat, true));
  EXPECT_GE(sent, 5);
  alive = true;
  EXPECT_TRUE(becomes(heartbeat, false));
}

// As a process that was stopped, and hears late what others sent in time.
TEST(Heartbeat, ForgivesTimeInWhichItWasHeldUp) {
  std::atomic<int> calls = 0;
  std::atomic<bool> was_silent = false;
  const Heartbeat heartbeat(
      200ms,
      [&] {
        if (calls == 0) return;
        was_silent = was_silent || heartbeat.is_silent();
        std::this_thread::sleep_for(300ms);
      },
      [&] {
        ++calls;
        return 0;
      });
  while (calls < 5) std::this_thread::sleep_for(1ms);
  EXPECT_FALSE(was_silent);
}

TEST(Heartbeat, EndsAtOnceWhereItHasLongToWait) {
  const auto begin = Heartbeat::Clock::now();
  {
    const Heartbeat heartbeat(
        24h, [] {}, [] { return 0; });
  }
  EXPECT_LT(Heartbeat::Clock::now() - begin, 20s);
}

}  // namespace
}  // namespace albert::testing
