#pragma once
#include <functional>
#include <string>
#include <vector>

#include "albert/base/text_reader.h"

namespace albert {

struct DocumentOptions {
  bool split_sentences =
      false;  // also where a line holds several; false: a line is a sentence, as Google's are
  bool skip_bad_lines =
      false;  // --on_bad_input skip; else Error(kBadData) "file:line:byte: not UTF-8"
  std::string text_key = "text";  // of .jsonl files, one document a line
};

using Document = std::vector<std::string>;  // sentences

// Documents of a file: blank lines stand between them; of .jsonl (also .jsonl.gz ..), each line's
// text is one.
class DocumentReader {
 public:
  DocumentReader(const std::filesystem::path& path, const DocumentOptions& options);
  bool next(Document& document);
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

// A paragraph's sentences: cut behind . ? ! (and closing quotes or brackets) where a blank and an
// upper-case letter, digit or opening quote follow; not behind one letter and a dot, nor behind Mr.
// and its like.
std::vector<std::string> split_sentences(const std::string& paragraph);

}  // namespace albert
