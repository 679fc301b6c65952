#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "albert/trainer/tasks/records.h"
#include "albert/trainer/tasks/scores/tag_schemes.h"

namespace albert {

// Words of a file, and what it gives as their labels.
struct TaggedSentence {
  std::vector<std::string> words;
  std::vector<std::string> labels;  // as many, or none
  std::vector<std::string> places;  // of each word: "file:12", or "file:3: tags[4]"
};

// Where words and labels are. In files of columns a number, from 1, or from -1 at the end of the
// line; in JSONL a key. Empty: the first and the last column; "tokens" and the first of "ner_tags",
// "tags" and "labels" that is there.
struct TagColumns {
  std::string words = {}, labels = {};
};

enum class WordLabels : uint8_t {
  kRequired,
  kOptional,  // a file without them has none; nor has one that has a single column
};

// The sentences of a file, also compressed, at most `most` of them where it is above 0: of a .jsonl
// file an object a line; else of columns, which tabs separate where the first line has one, else
// blanks, with empty lines and lines of -DOCSTART- between sentences. Where the words are not in
// the first column, lines that begin with # are comments (GermEval, CoNLL-U). Error(kBadData)
// "file:12: .." for what is missing or not UTF-8, for another number of columns than before, and
// for as many labels as there are not words; "file: .." where there are no sentences; Error(kUsage)
// for a column that is no number; kMissingInput.
std::vector<TaggedSentence> read_sentences(const std::filesystem::path& path,
                                           const TagColumns& columns, WordLabels labels,
                                           int64_t most = 0);

// The label of an entity, or O, behind a word in a line of columns; empty where there is none.
std::string tag_of_row(const std::string& line);

// Whether a file holds columns whose last are labels of entities, by its first sentence, which has
// two words or more. kMissingInput.
bool holds_tag_columns(const std::filesystem::path& path);

// The cells of a line: what stands between tabs, or between runs of blanks.
std::vector<std::string> cells_of(const std::string& line, bool by_tabs);
// Whether a line stands between sentences: it is blank, or of -DOCSTART-.
bool ends_sentence(const std::string& line);

// The labels of each sentence by their names, of which `labels` may give some: "VALUE=NAME,..".
TagSequences tags_of(const std::vector<TaggedSentence>& sentences, const std::string& labels);

// The key in JSONL that an option names; `otherwise` where it names none, or a column's number.
std::string key_named(const std::string& column, const std::string& otherwise);

}  // namespace albert
