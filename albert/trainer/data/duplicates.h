#pragma once
#include <cstdint>
#include <string>
#include <unordered_set>

#include "albert/trainer/data/documents.h"

namespace albert {

enum class DropDuplicates : uint8_t { kNone, kDocuments, kSentences };

// Leaves out documents, or sentences, that were there before. Texts are the same where their
// letters and digits are, whatever the case of ASCII letters, white space and punctuation. It takes
// about 60 bytes a document or sentence.
class DuplicateFilter {
 public:
  explicit DuplicateFilter(DropDuplicates drops) : drops_(drops) {}

  // Takes repeated sentences out of the document; false where nothing of it is to be kept.
  bool keep(Document& document);

  int64_t dropped_documents() const { return documents_; }  // as a whole
  int64_t dropped_sentences() const { return sentences_; }  // of documents that are kept

 private:
  struct Checksum {
    uint64_t low, high;
    bool operator==(const Checksum&) const = default;
  };
  struct Hash {
    size_t operator()(const Checksum& c) const { return c.low; }
  };
  bool is_new(const std::string& normalised);

  DropDuplicates drops_;
  std::unordered_set<Checksum, Hash> seen_;
  int64_t documents_ = 0, sentences_ = 0;
};

}  // namespace albert
