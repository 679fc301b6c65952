#include "albert/trainer/tasks/records.h"

#include <algorithm>

#include "albert/base/error.h"
#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

constexpr const char* kBlanks = " \t\f\v\r";

template <class... Parts>
[[noreturn]] void fail_at(const TextReader& reader, const Parts&... parts) {
  fail(ErrorCode::kBadData, reader.name(), ":", reader.line(), ": ", parts...);
}

std::vector<std::string> columns_of(const std::string& line) {
  std::vector<std::string> columns;
  size_t begin = 0;
  for (size_t at; (at = line.find('\t', begin)) != std::string::npos; begin = at + 1)
    columns.push_back(line.substr(begin, at - begin));
  columns.push_back(line.substr(begin));
  return columns;
}

void check_text(const TextReader& reader, const std::string& line) {
  const size_t bad = std::min(invalid_utf8(line), line.find('\0'));
  if (bad != std::string::npos)
    fail_at(reader, "byte ", bad + 1, line[bad] == '\0' ? " is a zero byte" : " is not UTF-8");
}

}  // namespace

RecordFormat table_or_json(const std::filesystem::path& path) {
  return is_json_lines(path) ? RecordFormat::kJson : RecordFormat::kTable;
}

const std::string* Record::find(const std::string& name) const {
  for (const Field& field : fields_) {
    if (field.name != name || field.null) continue;
    if (field.odd.empty()) return &field.value;
    fail(ErrorCode::kBadData, place(), ": ", in_quotes(name), ": found ", field.odd,
         ", wanted a string or an integer");
  }
  return nullptr;
}

const std::string& Record::at(const std::string& name) const {
  if (const std::string* value = find(name)) return *value;
  std::vector<std::string> names;
  for (const Field& field : fields_)
    if (!field.null) names.push_back(in_quotes(field.name));
  fail(ErrorCode::kBadData, place(), ": found ", names.empty() ? "nothing" : joined(names),
       ", wanted ", in_quotes(name));
}

RecordReader::RecordReader(TextReader& reader, RecordFormat format, BlankLines blank)
    : reader_(reader), format_(format), blank_(blank) {
  if (format != RecordFormat::kTable) return;
  std::string line;
  if (!reader.next(line)) fail(ErrorCode::kBadData, reader.name(), ": the file is empty");
  check_text(reader, line);
  header_ = columns_of(line);
}

void RecordReader::require_column(const std::string& name, const std::string& option) const {
  if (!is_table() || std::find(header_.begin(), header_.end(), name) != header_.end()) return;
  std::vector<std::string> names;
  for (const auto& column : header_) names.push_back(printable(column));
  fail(ErrorCode::kBadData, reader_.name(), ":1: found the columns ", joined(names), ", wanted ",
       printable(name), "; choose another with --", option);
}

bool RecordReader::next(Record& record) {
  record = {};
  // A tab alone is a row of two empty columns.
  const char* blanks = is_table() ? " " : kBlanks;
  bool blank = true;
  while (blank) {
    if (!reader_.next(record.line_)) return false;
    blank = record.line_.find_first_not_of(blanks) == std::string::npos;
    if (blank && blank_ == BlankLines::kRefused) fail_at(reader_, "the line is empty");
  }
  record.file_ = reader_.name();
  record.number_ = reader_.line();
  check_text(reader_, record.line_);
  if (is_table())
    read_row(record);
  else if (format_ == RecordFormat::kJson)
    read_object(record);
  else
    read_line(record);
  return true;
}

void RecordReader::read_row(Record& record) const {
  std::vector<std::string> columns = columns_of(record.line_);
  if (columns.size() != header_.size())
    fail_at(reader_, "found ", columns.size(), " columns, wanted ", header_.size(),
            " as in the header");
  for (size_t i = 0; i < columns.size(); ++i)
    record.fields_.push_back({header_[i], std::move(columns[i])});
}

void RecordReader::read_object(Record& record) const {
  const nlohmann::json object = parse_json_line(reader_.name(), reader_.line(), record.line_);
  if (!object.is_object()) fail_at(reader_, "found ", describe(object), ", wanted a JSON object");
  for (const auto& [name, value] : object.items()) {
    Record::Field field{name, {}};
    if (value.is_string())
      field.value = value.get<std::string>();
    else if (value.is_number_integer())
      field.value = value.dump();
    else if (value.is_null())
      field.null = true;
    else
      field.odd = describe(value);
    record.fields_.push_back(std::move(field));
  }
}

// A brace begins an object. A bracket may begin a text, "[MASK] is ..", but a list is refused.
void RecordReader::read_line(Record& record) const {
  const char first = record.line_[record.line_.find_first_not_of(kBlanks)];
  const bool list = first == '[' && nlohmann::json::accept(record.line_);
  if (first == '{' || list) return read_object(record);
  record.is_text_ = true;
}

}  // namespace albert
