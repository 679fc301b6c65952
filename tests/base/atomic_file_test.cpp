#include "albert/base/atomic_file.h"

#include <sys/mount.h>
#include <unistd.h>

#include "tests/support/files.h"

namespace albert::testing {
namespace {

size_t entries(const std::filesystem::path& folder) {
  size_t n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++n;
  return n;
}

TEST(AtomicFile, TheOldFileStandsUntilTheNewOneIsPublished) {
  const TemporaryFolder folder;
  write_bytes(folder / "f", "old");
  {
    AtomicFile file(folder / "f", 3);
    file.write("new");
    file.stage();
    EXPECT_EQ(read_bytes(folder / "f"), "old");
    EXPECT_EQ(entries(folder.path()), 2U);
  }
  EXPECT_EQ(read_bytes(folder / "f"), "old");
  EXPECT_EQ(entries(folder.path()), 1U) << "dropped without publishing, the temporary file must go";
  write_file_atomically(folder / "f", "new");
  EXPECT_EQ(read_bytes(folder / "f"), "new");
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(AtomicFile, WorksInTheCurrentFolder) {
  const TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  write_file_atomically("plain", "x");
  std::filesystem::current_path(before);
  EXPECT_EQ(read_bytes(folder / "plain"), "x");
}

TEST(AtomicFile, ReplacesOnlyRegularFiles) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "d");
  EXPECT_EQ(refusal_of([&] { write_file_atomically(folder / "d", "x"); }).code, ErrorCode::kIo);
  EXPECT_EQ(refusal_of([&] { write_file_atomically("/dev/full", "x"); }).code, ErrorCode::kIo);
  EXPECT_EQ(refusal_of([&] { write_file_atomically(folder / "none/f", "x"); }).code,
            ErrorCode::kIo);
  EXPECT_EQ(entries(folder.path()), 1U);
}

// Root may write everywhere, so it becomes nobody for as long as this lives.
struct AsNobody {
  AsNobody() : was_root(geteuid() == 0 && seteuid(65534) == 0) {}
  ~AsNobody() {
    if (was_root && seteuid(0) != 0) std::abort();
  }
  bool was_root;
};

TEST(AtomicFile, AReadOnlyFolderIsLeftAsItIs) {
  namespace fs = std::filesystem;
  const TemporaryFolder folder;
  write_bytes(folder / "f", "old");
  fs::permissions(folder.path(), fs::perms(0555));
  Refusal r;
  {
    const AsNobody nobody;
    r = refusal_of([&] { write_file_atomically(folder / "f", "new"); });
  }
  fs::permissions(folder.path(), fs::perms(0755));
  EXPECT_EQ(r.code, ErrorCode::kIo);
  EXPECT_TRUE(r.says((folder / "f").string()) && r.says("Permission denied") &&
              r.says("3 bytes needed"))
      << r.what;
  EXPECT_EQ(read_bytes(folder / "f"), "old");
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(AtomicFile, AFullDiskIsReportedWithNumbersAndLeavesTheOldFile) {
  const TemporaryFolder folder;
  if (mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "may not mount a tmpfs";
  write_bytes(folder / "f", "old");
  const std::string large(100'000, 'x');
  const Refusal r = refusal_of([&] { write_file_atomically(folder / "f", large); });
  const std::string kept = read_bytes(folder / "f");
  const size_t left = entries(folder.path());
  write_file_atomically(folder / "f",
                        large.substr(0, 40'000));  // the failed attempt's space is free again
  const size_t written = read_bytes(folder / "f").size();
  umount(folder.path().c_str());
  EXPECT_EQ(r.code, ErrorCode::kIo);
  EXPECT_TRUE(r.says("No space left on device") && r.says("100000 bytes needed, 0 bytes free"))
      << r.what;
  EXPECT_EQ(kept, "old");
  EXPECT_EQ(left, 1U);
  EXPECT_EQ(written, 40'000U);
}

}  // namespace
}  // namespace albert::testing
