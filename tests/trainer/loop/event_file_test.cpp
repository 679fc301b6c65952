// What TensorBoard reads of a run. Its own reader was tried on such files; here the bytes are taken
// apart by the rules of the format.
#include "albert/trainer/loop/event_file.h"

#include <algorithm>
#include <cstring>

#include "albert/base/error.h"
#include "albert/base/protobuf.h"
#include "albert/base/tf_record.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;

// The messages in a file, each of whose records must be as tf_record makes it.
std::vector<std::string> messages_of(const fs::path& file) {
  const std::string bytes = read_bytes(file);
  std::vector<std::string> messages;
  for (size_t at = 0; at + 12 <= bytes.size();) {
    uint64_t length = 0;
    std::memcpy(&length, bytes.data() + at, sizeof length);
    messages.push_back(bytes.substr(at + 12, length));
    EXPECT_EQ(bytes.substr(at, length + 16), tf_record(messages.back()));
    at += length + 16;
  }
  return messages;
}

// Without the time of day, its first field.
std::string timeless(const std::string& message) { return message.substr(9); }

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

TEST(EventFile, HasAnEventForEachRecord) {
  const TemporaryFolder folder;
  EventFile events(folder / "runs", 0);
  events.write(20, {{"loss", 1.5}, {"eval_f1", 0.25}});
  const auto files = files_in(folder / "runs");
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].filename().string().rfind("events.out.tfevents.", 0), 0U);
  const auto messages = messages_of(files[0]);
  ASSERT_EQ(messages.size(), 2U);
  using protobuf::bytes_field;
  EXPECT_EQ(timeless(messages[0]), bytes_field(3, "brain.Event:2"));
  const std::string loss =
      bytes_field(1, bytes_field(1, "train/loss") + protobuf::float_field(2, 1.5F));
  const std::string f1 =
      bytes_field(1, bytes_field(1, "eval/f1") + protobuf::float_field(2, 0.25F));
  EXPECT_EQ(timeless(messages[1]), protobuf::number_field(2, 20) + bytes_field(5, loss + f1));
}

TEST(EventFile, ARunThatGoesOnHasAFileMoreThatVoidsLaterSteps) {
  const TemporaryFolder folder;
  { const EventFile first(folder / "runs", 0); }
  { const EventFile second(folder / "runs", 7); }
  const auto files = files_in(folder / "runs");
  ASSERT_EQ(files.size(), 2U);
  const auto messages = messages_of(files[1]);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(timeless(messages[1]),
            protobuf::number_field(2, 8) + protobuf::bytes_field(7, protobuf::number_field(1, 1)));
}

TEST(EventFile, AFolderThatCannotBeMadeIsNamed) {
  const TemporaryFolder folder;
  write_bytes(folder / "runs", "a file");
  const Refusal r = refusal_of([&] { const EventFile events(folder / "runs", 0); });
  EXPECT_EQ(r.code, ErrorCode::kIo);
  EXPECT_TRUE(r.says("runs")) << r.what;
}

}  // namespace
}  // namespace albert::testing
