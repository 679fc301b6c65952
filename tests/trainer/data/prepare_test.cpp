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

TEST(Prepare, LeavesOutWhatWasThereBeforeAndCountsIt) {
  const TemporaryFolder folder;
  const std::string first = "A whale swam.\nIt sang.\n", star = "* * *\n";
  write_bytes(folder / "a.txt", first + "\n" + star + "\na WHALE, swam!\nit  sang\n\n" + star);
  write_bytes(folder / "b.txt", first + "\nIt sang.\nMore.\n\nИ кит.\n");
  const auto prepared = [&](DropDuplicates drops, const char* name) {
    return prepare({.inputs = {folder / "a.txt", folder / "b.txt"},
                    .output_dir = folder / name,
                    .drop_duplicates = drops,
                    .validation_split = 0},
                   tokenizer(), [](const PrepareProgress&) {});
  };
  const PrepareResult all = prepared(DropDuplicates::kNone, "all");
  EXPECT_EQ(all.documents, 7);
  EXPECT_EQ(all.dropped_documents + all.dropped_sentences, 0);
  const PrepareResult documents = prepared(DropDuplicates::kDocuments, "documents");
  EXPECT_EQ(documents.documents, 5) << "stars are no duplicates";
  EXPECT_EQ(documents.dropped_documents, 2);
  const PrepareResult sentences = prepared(DropDuplicates::kSentences, "sentences");
  EXPECT_EQ(sentences.documents, 5);
  EXPECT_EQ(sentences.sentences, 6);
  EXPECT_EQ(sentences.dropped_documents, 2);
  EXPECT_EQ(sentences.dropped_sentences, 1) << "of the document with More";
}

TEST(Prepare, SaysHowLongTextsAreAndInWhichScripts) {
  const TemporaryFolder folder;
  write_bytes(folder / "t.txt", "A whale.\nIt.\n\nкит 漢字 12 é\n");
  const PrepareResult made =
      prepare({.inputs = {folder / "t.txt"}, .output_dir = folder / "s", .validation_split = 0},
              tokenizer(), [](const PrepareProgress&) {});
  const CorpusStatistics& of = made.statistics;
  EXPECT_EQ(of.pieces, made.tokens);
  EXPECT_GT(of.unknown_pieces, 0);
  EXPECT_GE(of.documents.longest(), of.sentences.longest());
  const auto& letters = of.letters.counts();
  EXPECT_EQ(letters[0], 9) << "A whale It é";
  EXPECT_EQ(letters[2], 3) << "Cyrillic";
  EXPECT_EQ(letters[9], 2) << "Han";
  EXPECT_NE(of.text().find("64.3 % Latin 21.4 % Cyrillic 14.3 % Han\n"), std::string::npos)
      << of.text();
  EXPECT_NE(read_bytes(folder / "s/manifest.json").find("\"Cyrillic\": 3"), std::string::npos);
}

TEST(LengthCounts, QuantilesAreLengthsThatAShareDoesNotExceed) {
  LengthCounts lengths;
  EXPECT_EQ(lengths.quantile(0.5), 0);
  for (int64_t i = 1; i <= 10; ++i) lengths.add(i);
  lengths.add(100'000);
  EXPECT_EQ(lengths.quantile(0.5), 6);
  EXPECT_EQ(lengths.quantile(0.9), 10);
  EXPECT_EQ(lengths.quantile(1), 65535);
  EXPECT_EQ(lengths.longest(), 100'000);
}

}  // namespace
}  // namespace albert::testing
