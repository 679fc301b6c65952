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
  std::string place() const { return file_ + ":" + std::to_string(number_); }
  bool is_text() const { return is_text_; }  // a line of text, without fields

  // The field: a string, or an integer as it is written. find() gives null where it is missing or
  // JSON's null. Error(kBadData) "file:12: .." for other values, and where at() finds nothing.
  const std::string* find(const std::string& name) const;
  const std::string& at(const std::string& name) const;

 private:
  friend class RecordReader;
  struct Field {
    std::string name, value;
    std::string odd = {};  // describes a value that is no text and no integer
    bool null = false;
  };
  std::string file_, line_;
  int64_t number_ = 0;
  bool is_text_ = false;
  std::vector<Field> fields_;
};

enum class RecordFormat : uint8_t {
  kTable,  // the first line names the columns, a tab separates them; no quoting, as in GLUE's files
  kJson,   // an object a line
  kLines   // an object or a text a line
};
// kJson for .jsonl, also compressed; else kTable.
RecordFormat table_or_json(const std::filesystem::path& path);

enum class BlankLines : uint8_t { kSkipped, kRefused };

// The records of a text file. Nothing is guessed: a line that cannot be read is Error(kBadData)
// "file:12: ..", and the next call goes on behind it.
class RecordReader {
 public:
  // Reads the header of a table. `reader` must outlive this.
  RecordReader(TextReader& reader, RecordFormat format, BlankLines blank = BlankLines::kSkipped);

  bool next(Record& record);  // false behind the last
  // Refuses a table without this column: Error(kBadData) "file:1: ..". `option` names the column.
  void require_column(const std::string& name, const std::string& option) const;
  bool is_table() const { return format_ == RecordFormat::kTable; }

 private:
  void read_row(Record& record) const;
  void read_object(Record& record) const;
  void read_line(Record& record) const;

  TextReader& reader_;
  RecordFormat format_;
  BlankLines blank_;
  std::vector<std::string> header_;
};

}  // namespace albert
