// What is said of a file that cannot be opened, by everyone who opens one.
#include "albert/base/input_file.h"

#include <sys/stat.h>

#include <functional>
#include <thread>

#include "albert/base/text_reader.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

// Opening it fails with ELOOP for every user, root too.
std::filesystem::path loop_in(const TemporaryFolder& folder) {
  const auto path = folder / "loop";
  std::filesystem::create_symlink("loop", path);
  return path;
}

TEST(InputFile, WhatIsNotThereIsMissingAndTheRestIsInputOutput) {
  const TemporaryFolder folder;
  const auto missing = folder / "none", loop = loop_in(folder);
  const std::function<void(const std::filesystem::path&)> openers[] = {
      [](const auto& path) { InputFile file(path); },
      [](const auto& path) { TextReader file(path); },
      [](const auto& path) { read_text_file(path, 10); }};
  for (const auto& open : openers) {
    const Refusal absent = refusal_of([&] { open(missing); });
    EXPECT_EQ(absent.code, ErrorCode::kMissingInput);
    EXPECT_EQ(absent.what, missing.string() + ": no such file");
    const Refusal refused = refusal_of([&] { open(loop); });
    EXPECT_EQ(refused.code, ErrorCode::kIo);
    EXPECT_EQ(refused.what.rfind(loop.string() + ": cannot open: ", 0), 0U) << refused.what;
    const Refusal is_folder = refusal_of([&] { open(folder.path()); });
    EXPECT_EQ(is_folder.code, ErrorCode::kBadData);
    EXPECT_TRUE(is_folder.says(": is a folder, wanted a"));
  }
}

TEST(TextReader, APipeIsReadToItsEnd) {
  const TemporaryFolder folder;
  const auto pipe = folder / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] { write_bytes(pipe, "one\r\ntwo"); });
  TextReader reader(pipe);
  std::string line;
  EXPECT_TRUE(reader.next(line));
  EXPECT_EQ(line, "one");
  EXPECT_TRUE(reader.next(line));
  EXPECT_EQ(line, "two");
  EXPECT_FALSE(reader.next(line));
  writer.join();
}

}  // namespace
}  // namespace albert::testing
