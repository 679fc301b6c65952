#include "albert/trainer/tasks/tagging/sentences.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/base/split.h"
#include "albert/trainer/tasks/labels.h"
#include "albert/trainer/tasks/tagging/stages.h"

namespace albert {
namespace {

namespace option = tagging_options;

constexpr const char* kBlanks = " \t\f\v\r";

// The number of a column, or `otherwise` where none is given.
int64_t column_number(const std::string& text, const char* option, int64_t otherwise) {
  if (text.empty()) return otherwise;
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number == 0)
    fail(ErrorCode::kUsage, "--", option, " ", printable(text),
         ": wanted the number of a column, from 1, or from -1 at the end of a line");
  return number;
}

// Reads lines of columns.
class ColumnReader {
 public:
  ColumnReader(const std::filesystem::path& path, const TagColumns& columns, WordLabels labels)
      : reader_(path),
        word_column_(column_number(columns.words, option::kTextColumn, 1)),
        label_column_(column_number(columns.labels, option::kLabelColumn, -1)),
        labels_(labels) {}

  // False behind the last.
  bool next(TaggedSentence& sentence) {
    sentence = {};
    for (std::string line; reader_.next(line);) {
      check_text(reader_, line);
      if (ends_sentence(line)) {
        if (!sentence.words.empty()) return true;
      } else if (word_column_ == 1 || line[0] != '#') {
        add_word(cells_in(line), sentence);
      }
    }
    return !sentence.words.empty();
  }

 private:
  std::vector<std::string> cells_in(const std::string& line) {
    const bool first = first_line_ == 0;
    if (first) by_tabs_ = line.find('\t') != line.npos;
    std::vector<std::string> cells = cells_of(line, by_tabs_);
    if (first) {
      first_line_ = reader_.line();
      columns_ = cells.size();
    }
    if (cells.size() != columns_)
      fail_here("found ", cells.size(), " columns, wanted ", columns_, " as in line ", first_line_);
    return cells;
  }

  void add_word(const std::vector<std::string>& cells, TaggedSentence& sentence) {
    const size_t word = index_of(word_column_, option::kTextColumn);
    if (cells[word].find_first_not_of(kBlanks) == std::string::npos)
      fail_here("column ", word + 1, ": found nothing, wanted a word");
    sentence.words.push_back(cells[word]);
    sentence.places.push_back(reader_.name() + ":" + std::to_string(reader_.line()));
    if (labels_ == WordLabels::kOptional && columns_ == 1) return;
    const size_t label = index_of(label_column_, option::kLabelColumn);
    if (label == word)
      fail_here("found ", columns_, columns_ == 1 ? " column" : " columns",
                ", wanted one for words and one for labels");
    if (cells[label].find_first_not_of(kBlanks) == std::string::npos)
      fail_here("column ", label + 1, ": found nothing, wanted a label");
    sentence.labels.push_back(cells[label]);
  }

  size_t index_of(int64_t column, const char* option) const {
    const auto count = static_cast<int64_t>(columns_);
    if (std::abs(column) > count)
      fail_here("found ", count, " columns, wanted ", std::abs(column),
                " or more; choose another with --", option);
    return static_cast<size_t>(column > 0 ? column - 1 : count + column);
  }

  template <class... Parts>
  [[noreturn]] void fail_here(const Parts&... parts) const {
    fail(ErrorCode::kBadData, reader_.name(), ":", reader_.line(), ": ", parts...);
  }

  TextReader reader_;
  int64_t word_column_, label_column_;
  WordLabels labels_;
  bool by_tabs_ = false;
  int64_t first_line_ = 0;  // with words
  size_t columns_ = 0;
};

// Reads objects.
class ObjectReader {
 public:
  ObjectReader(const std::filesystem::path& path, const TagColumns& columns, WordLabels labels)
      : reader_(path), records_(reader_, RecordFormat::kJson), columns_(columns), labels_(labels) {}

  bool next(TaggedSentence& sentence) {
    Record record;
    if (!records_.next(record)) return false;
    const std::string key = label_key(record);
    sentence = {record.items_at(key_named(columns_.words, "tokens")), {}, {}};
    if (labels_ == WordLabels::kRequired || record.has(key)) sentence.labels = record.items_at(key);
    const size_t words = sentence.words.size(), labels = sentence.labels.size();
    if (!sentence.labels.empty() || labels_ == WordLabels::kRequired) {
      if (words != labels)
        fail(ErrorCode::kBadData, record.place(), ": found ", labels, " labels in ", in_quotes(key),
             ", wanted ", words, ", one for each word");
    }
    for (size_t i = 0; i < words; ++i)
      sentence.places.push_back(record.place() + ": " + key + "[" + std::to_string(i) + "]");
    return true;
  }

 private:
  std::string label_key(const Record& record) const {
    std::string found = "ner_tags";
    for (const char* key : {"labels", "tags", "ner_tags"})
      if (record.has(key)) found = key;
    return key_named(columns_.labels, found);
  }

  TextReader reader_;
  RecordReader records_;
  TagColumns columns_;
  WordLabels labels_;
};

template <class Reader>
std::vector<TaggedSentence> read_all(Reader reader, int64_t most) {
  std::vector<TaggedSentence> sentences;
  const auto wants_more = [&] {
    return most <= 0 || static_cast<int64_t>(sentences.size()) < most;
  };
  for (TaggedSentence sentence; wants_more() && reader.next(sentence); sentence = {})
    sentences.push_back(std::move(sentence));
  return sentences;
}

}  // namespace

std::vector<std::string> cells_of(const std::string& line, bool by_tabs) {
  if (by_tabs) return split(line, '\t');
  std::vector<std::string> cells;
  for (size_t at = line.find_first_not_of(kBlanks); at != line.npos;) {
    const size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    cells.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(kBlanks, end);
  }
  return cells;
}

bool ends_sentence(const std::string& line) {
  constexpr std::string_view kDocument = "-DOCSTART-";
  const size_t word = line.find_first_not_of(kBlanks);
  return word == line.npos ||
         (line.starts_with(kDocument) &&
          std::min(line.find_first_of(kBlanks), line.size()) == kDocument.size());
}

TagSequences tags_of(const std::vector<TaggedSentence>& sentences, const std::string& labels) {
  std::map<std::string, std::string> names;
  for (const TaskLabel& label : labels.empty() ? TaskLabels() : parse_labels(labels))
    names.emplace(label.value, label.name);
  TagSequences tags;
  for (const TaggedSentence& sentence : sentences) {
    auto& row = tags.emplace_back();
    for (const std::string& label : sentence.labels)
      row.push_back(names.contains(label) ? names.at(label) : label);
  }
  return tags;
}

std::vector<TaggedSentence> read_sentences(const std::filesystem::path& path,
                                           const TagColumns& columns, WordLabels labels,
                                           int64_t most) {
  auto sentences = is_json_lines(path) ? read_all(ObjectReader(path, columns, labels), most)
                                       : read_all(ColumnReader(path, columns, labels), most);
  if (sentences.empty()) fail(ErrorCode::kBadData, path.string(), ": no sentences in it");
  return sentences;
}

std::string tag_of_row(const std::string& line) {
  const std::vector<std::string> cells = cells_of(line, line.find('\t') != line.npos);
  return cells.size() < 2 || !is_entity_tag(cells.back()) ? "" : cells.back();
}

bool holds_tag_columns(const std::filesystem::path& path) {
  if (is_json_lines(path)) return false;
  TextReader reader(path);
  int64_t words = 0;
  for (std::string line; reader.next(line);) {
    if (ends_sentence(line) && words > 0) break;
    if (ends_sentence(line) || line[0] == '#') continue;
    if (tag_of_row(line).empty()) return false;
    ++words;
  }
  return words > 1;
}

std::string key_named(const std::string& column, const std::string& otherwise) {
  const bool number = column.find_first_not_of("-0123456789") == column.npos;  // or empty
  return number ? otherwise : column;
}

}  // namespace albert
