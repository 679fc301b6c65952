// A shard that cannot be opened: what is missing, and what is there but cannot be read.
#include "albert/trainer/data/shard.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

TEST(Shard, OnlyAFileThatIsNotThereIsMissing) {
  const TemporaryFolder folder;
  EXPECT_EQ(refusal_of([&] { Shard shard(folder / "none.shard"); }).code, ErrorCode::kMissingInput);
  std::filesystem::create_symlink("loop.shard", folder / "loop.shard");
  const Refusal loop = refusal_of([&] { Shard shard(folder / "loop.shard"); });
  EXPECT_EQ(loop.code, ErrorCode::kIo);
  EXPECT_TRUE(loop.says("loop.shard: cannot open: ")) << loop.what;
  EXPECT_EQ(refusal_of([&] { Shard shard(folder.path()); }).code, ErrorCode::kBadData);
}

}  // namespace
}  // namespace albert::testing
