// A communicator by its name, and the share of a batch that each rank has.
#include "albert/trainer/parallel/communicator.h"

#include <gtest/gtest.h>

#include "albert/trainer/loop/training_loop.h"
#include "albert/trainer/parallel/self_communicator.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

TEST(Communicator, IsMadeByName) {
  EXPECT_EQ(make_communicator({"self"})->size(), 1);
  EXPECT_TRUE(make_communicator({"self"})->leads());
  const Refusal r = refusal_of([] { make_communicator({.kind = "smoke"}); });
  EXPECT_EQ(r.code, ErrorCode::kUsage);
  EXPECT_EQ(r.what, "communicator: found smoke, wanted one of auto, self, mpi");
}

TEST(Communicator, DividesTheBatchOrSaysWhy) {
  SelfCommunicator self;
  EXPECT_EQ(micro_batches_of(6, 2, self), 2);
  EXPECT_TRUE(refusal_of([&] {
                micro_batches_of(6, 4, self);
              }).says("--train_batch_size 6: wanted a multiple of 4"));
  EXPECT_TRUE(refusal_of([&] { micro_batches_of(6, 0, self); }).says("wanted 1 or more"));
}

}  // namespace
}  // namespace albert::testing
