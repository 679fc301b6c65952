// Documents and sentences of text files and JSON lines.
#include "albert/trainer/data/documents.h"

#include "tests/support/files.h"

namespace albert::testing {
namespace {

std::vector<Document> documents_of(const std::filesystem::path& path,
                                   const DocumentOptions& options = {}) {
  DocumentReader reader(path, options);
  std::vector<Document> documents;
  for (Document d; reader.next(d);) documents.push_back(d);
  return documents;
}

TEST(Documents, BlankLinesAndJsonLines) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.txt", "\n\na b\nc\n \n\nd\n");
  EXPECT_EQ(documents_of(folder / "a.txt"), (std::vector<Document>{{"a b", "c"}, {"d"}}));
  write_bytes(folder / "b.jsonl", "{\"text\": \"x\\ny\"}\n\n{\"text\": \"z\"}\n");
  EXPECT_EQ(documents_of(folder / "b.jsonl"), (std::vector<Document>{{"x", "y"}, {"z"}}));
  write_bytes(folder / "c.jsonl", "{\"text\": 3}\n");
  EXPECT_TRUE(refusal_of([&] {
                documents_of(folder / "c.jsonl");
              }).says("c.jsonl:1: text: found the number 3, wanted a string"));
}

// As preprocess_text of create_pretraining_data.py leaves nothing of a line, or something.
TEST(Documents, EndAtLinesThatHoldNoText) {
  const TemporaryFolder folder;
  for (const char* line : {"", " ", "\t\v", "\u00A0", "\u3000 \u2028", "\u0301", " \u0301\u0302 ",
                           "\x1C", "\u0085", "\r"}) {
    write_bytes(folder / "a.txt", "a\n" + std::string(line) + "\nb\n");
    EXPECT_EQ(documents_of(folder / "a.txt"), (std::vector<Document>{{"a"}, {"b"}})) << line;
  }
  for (const char* line :
       {".", "\u0301 \u0302", "\u200B", "\uFEFF", "e\u0301", "\u00B4", "\u00A8", "\u0903"}) {
    write_bytes(folder / "a.txt", "a\n" + std::string(line) + "\nb\n");
    EXPECT_EQ(documents_of(folder / "a.txt"), (std::vector<Document>{{"a", line, "b"}})) << line;
  }
}

TEST(Documents, MayGoOnInAnotherFile) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.txt", "a\n\nb");
  write_bytes(folder / "b.txt", "c\n\nd\n");
  DocumentReader first(folder / "a.txt", {}), second(folder / "b.txt", {});
  Document document;
  EXPECT_TRUE(first.complete(document));
  EXPECT_EQ(document, Document{"a"});
  document.clear();
  EXPECT_FALSE(first.complete(document));
  EXPECT_TRUE(second.complete(document));
  EXPECT_EQ(document, (Document{"b", "c"}));
}

TEST(Documents, BadTextIsNamedOrLeftOut) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.txt", "good\nb\xFFx\nfine\n" + std::string("nu\0l\n", 5));
  const Refusal r = refusal_of([&] { documents_of(folder / "a.txt"); });
  EXPECT_EQ(r.code, ErrorCode::kBadData);
  EXPECT_TRUE(r.says("a.txt:2:2: not UTF-8")) << r.what;
  EXPECT_EQ(documents_of(folder / "a.txt", {.skip_bad_lines = true}),
            (std::vector<Document>{{"good", "fine"}}));
  write_bytes(folder / "b.txt", std::string("nu\0l\n", 5));
  EXPECT_TRUE(refusal_of([&] { documents_of(folder / "b.txt"); }).says("b.txt:1:3: a NUL byte"));
  write_bytes(folder / "c.txt", std::string(10 << 20, 'a') + "\nend\n");
  EXPECT_EQ(documents_of(folder / "c.txt").at(0).at(0).size(), size_t{10} << 20);
}

TEST(Documents, SentencesAreCutAtTheirEnds) {
  EXPECT_EQ(split_sentences("Mr. A. Smith came. \"Why?\" he said. It cost 1.5 pounds! Yes."),
            (std::vector<std::string>{"Mr. A. Smith came.", "\"Why?\" he said.",
                                      "It cost 1.5 pounds!", "Yes."}));
}

}  // namespace
}  // namespace albert::testing
