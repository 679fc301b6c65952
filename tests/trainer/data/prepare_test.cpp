// Text to shards: the same bytes for any number of threads.
#include "albert/trainer/data/prepare.h"

#include "tests/support/corpora.h"

namespace albert::testing {
namespace {

const Tokenizer& tokenizer() { return released_tokenizer(ALBERT_GOLDEN_DIR); }

TEST(Prepare, SameBytesForAnyNumberOfThreads) {
  const TemporaryFolder folder;
  write_bytes(folder / "t.txt", made_text(300, 1));
  const auto result = prepare_text(folder / "t.txt", folder / "s1", tokenizer(), 1);
  EXPECT_EQ(result.documents, 300);
  EXPECT_GT(result.validation_documents, 0);
  EXPECT_GT(result.shards, 3);
  for (const int threads : {2, 5}) {
    const auto other = folder / ("s" + std::to_string(threads));
    prepare_text(folder / "t.txt", other, tokenizer(), threads);
    for (const auto& entry : std::filesystem::directory_iterator(folder / "s1"))
      EXPECT_EQ(read_bytes(entry.path()), read_bytes(other / entry.path().filename().string()))
          << entry.path();
  }
  const Refusal again =
      refusal_of([&] { prepare_text(folder / "t.txt", folder / "s1", tokenizer()); });
  EXPECT_EQ(again.code, ErrorCode::kUsage);
  write_bytes(folder / "empty.txt", "\n\n");
  EXPECT_TRUE(refusal_of([&] {
                prepare_text(folder / "empty.txt", folder / "e", tokenizer());
              }).says("found no text"));
}

int64_t documents_in(const std::vector<std::filesystem::path>& files,
                     const std::filesystem::path& folder, bool joins_files) {
  return prepare({.inputs = files,
                  .output_dir = folder,
                  .documents = {.joins_files = joins_files},
                  .validation_split = 0},
                 tokenizer(), [](const PrepareProgress&) {})
      .documents;
}

TEST(Prepare, EndsDocumentsWithFilesOrNotAsGoogle) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.txt", "One.\n\nTwo.\n");
  write_bytes(folder / "b.txt", "Three.\n");
  write_bytes(folder / "c.txt", "\nFour.\n");
  write_bytes(folder / "d.jsonl", "{\"text\": \"Five.\"}\n");
  write_bytes(folder / "e.txt", "Six.\n");
  std::vector<std::filesystem::path> files;
  for (const char* name : {"a.txt", "b.txt", "c.txt", "d.jsonl", "e.txt"})
    files.push_back(folder / name);
  EXPECT_EQ(documents_in(files, folder / "apart", false), 6);
  EXPECT_EQ(documents_in(files, folder / "joined", true), 5);
}

}  // namespace
}  // namespace albert::testing
