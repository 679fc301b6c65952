#pragma once
#include <functional>
#include <string>
#include <vector>

#include "albert/base/text_reader.h"

namespace albert {

struct DocumentOptions {
  bool split_sentences = false;   // false: a line is a sentence, as in Google's script
  bool joins_files = false;       // the end of a text file ends no document, as in Google's script
  bool skip_bad_lines = false;    // false: they are an Error(kBadData) "file:line:byte: not UTF-8"
  std::string text_key = "text";  // of .jsonl files, which have one document a line
};

using Document = std::vector<std::string>;  // sentences

// Reads the documents of a text file, which lines without text divide (white space of Unicode, or
// accents alone, as in Google's script), or of a .jsonl file (also .jsonl.gz
// and the like), where each line holds one.
class DocumentReader {
 public:
  DocumentReader(const std::filesystem::path& path, const DocumentOptions& options);
  bool next(Document& document);  // false at the end. Error(kBadData)
  // Goes on with a document that another file began. False where the file ends before it does.
  bool complete(Document& document);
  int64_t skipped_lines() const { return skipped_; }
  uint64_t compressed_bytes() const { return reader_.compressed_bytes(); }

 private:
  bool usable(std::string_view line);
  bool next_json(Document& document);
  void add(Document& document, const std::string& line) const;
  [[noreturn]] void fail_here(const std::string& what) const;

  TextReader reader_;
  DocumentOptions options_;
  bool json_lines_;
  int64_t skipped_ = 0;
};

// Cuts a paragraph into sentences: behind . ? ! and closing quotes or brackets, if a blank and an
// upper-case letter, a digit or an opening quote follow. One letter with a dot, Mr. and other
// abbreviations end no sentence.
std::vector<std::string> split_sentences(const std::string& paragraph);

}  // namespace albert
