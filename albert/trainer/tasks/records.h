#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "albert/base/text_reader.h"

namespace albert {

// One example of a file: a row of a table, a JSON object, or a line of text.
class Record {
 public:
  const std::string& line() const { return line_; }  // as it stands in the file
  int64_t number() const { return number_; }         // of its first line, from 1
  std::string place() const { return file_ + ":" + std::to_string(number_); }
  bool is_text() const { return is_text_; }  // a line of text, without fields

  // The field: a string, or an integer as it is written. find() gives null where it is missing or
  // JSON's null. Error(kBadData) "file:12: .." for other values, and where at() finds nothing.
  const std::string* find(const std::string& name) const;
  const std::string& at(const std::string& name) const;
  // The field where it may also be a fraction, true or false, as JSON writes them.
  const std::string& scalar_at(const std::string& name) const;
  // The items of a JSON list of such values; list_at() also takes a string, and gives what stands
  // between its commas.
  const std::vector<std::string>& items_at(const std::string& name) const;
  std::vector<std::string> list_at(const std::string& name) const;
  // Whether the field is such a list; false where it is missing.
  bool is_list(const std::string& name) const;
  // Whether there is such a field, of whatever kind but null.
  bool has(const std::string& name) const { return field(name) != nullptr; }

 private:
  friend class RecordReader;
  enum class Kind : uint8_t { kText, kScalar, kList, kOther, kNull };
  struct Field {
    std::string name, value;
    Kind kind = Kind::kText;
    std::string found = {};               // describes a value that is no kText
    std::vector<std::string> items = {};  // of a kList
  };
  const Field* field(const std::string& name) const;
  const Field& field_at(const std::string& name) const;
  [[noreturn]] void fail_found(const Field& field, const char* wanted) const;

  std::string file_, line_;
  int64_t number_ = 0;
  bool is_text_ = false;
  std::vector<Field> fields_;
};

// Refuses a line with a zero byte or one that is not UTF-8: Error(kBadData) "file:12: byte 7 ..".
void check_text(const TextReader& reader, const std::string& line);

enum class RecordFormat : uint8_t {
  kTable,  // the first line names the columns, a tab separates them; no quoting, as in GLUE's files
  kCsv,    // the same with commas, and quotes by RFC 4180
  kJson,   // an object a line
  kLines   // an object or a text a line
};
// kJson for .jsonl, kCsv for .csv, also compressed; else kTable.
RecordFormat format_of_data(const std::filesystem::path& path);

// kKept: of kLines, an empty text.
enum class BlankLines : uint8_t { kSkipped, kRefused, kKept };

struct TableOptions {
  // The columns of a table whose first line names none of these, and so is no header.
  std::vector<std::string> columns = {};
  // Leaves out rows with fewer columns than the header, as readers of QQP do: a few of its
  // questions hold a line break.
  bool skips_short_rows = false;
};

// The records of a text file. Nothing is guessed: a line that cannot be read is Error(kBadData)
// "file:12: ..", and the next call goes on behind it.
class RecordReader {
 public:
  // Reads the header of a table. `reader` must outlive this.
  RecordReader(TextReader& reader, RecordFormat format, BlankLines blank = BlankLines::kSkipped,
               TableOptions table = {});

  bool next(Record& record);  // false behind the last
  // Refuses a table without this column: Error(kBadData) "file:1: ..". `option` names the column,
  // where one does.
  void require_column(const std::string& name, const std::string& option = "") const;
  bool is_table() const { return format_ == RecordFormat::kTable || format_ == RecordFormat::kCsv; }
  int64_t short_rows() const { return short_rows_; }  // that were left out

 private:
  void read_header();
  bool next_line(std::string& line);
  bool read_row(Record& record, std::vector<std::string> cells);
  void read_object(Record& record) const;
  void read_line(Record& record) const;
  std::vector<std::string> cells_of(const std::string& line);

  TextReader& reader_;
  RecordFormat format_;
  BlankLines blank_;
  TableOptions table_;
  std::vector<std::string> header_;
  std::vector<std::string> first_row_;  // of a table without a header, until it is read
  int64_t short_rows_ = 0;
};

}  // namespace albert
