#include "albert/trainer/tasks/records.h"

#include <algorithm>
#include <utility>

#include "albert/base/error.h"
#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/base/split.h"
#include "albert/tokenizer/utf8.h"
#include "albert/trainer/tasks/csv.h"

namespace albert {
namespace {

constexpr const char* kBlanks = " \t\f\v\r";

template <class... Parts>
[[noreturn]] void fail_at(const TextReader& reader, const Parts&... parts) {
  fail(ErrorCode::kBadData, reader.name(), ":", reader.line(), ": ", parts...);
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  return begin == std::string::npos
             ? ""
             : text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A string as it is, other scalars as JSON writes them.
std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

bool is_scalar(const nlohmann::json& value) {
  return value.is_string() || value.is_number() || value.is_boolean();
}

}  // namespace

void check_text(const TextReader& reader, const std::string& line) {
  const size_t bad = std::min(invalid_utf8(line), line.find('\0'));
  if (bad != std::string::npos)
    fail_at(reader, "byte ", bad + 1, line[bad] == '\0' ? " is a zero byte" : " is not UTF-8");
}

RecordFormat format_of_data(const std::filesystem::path& path) {
  if (is_json_lines(path)) return RecordFormat::kJson;
  return has_extension(path, ".csv") ? RecordFormat::kCsv : RecordFormat::kTable;
}

const Record::Field* Record::field(const std::string& name) const {
  for (const Field& field : fields_)
    if (field.name == name && field.kind != Kind::kNull) return &field;
  return nullptr;
}

const Record::Field& Record::field_at(const std::string& name) const {
  if (const Field* found = field(name)) return *found;
  std::vector<std::string> names;
  for (const Field& field : fields_)
    if (field.kind != Kind::kNull) names.push_back(in_quotes(field.name));
  fail(ErrorCode::kBadData, place(), ": found ", names.empty() ? "nothing" : joined(names),
       ", wanted ", in_quotes(name));
}

void Record::fail_found(const Field& field, const char* wanted) const {
  fail(ErrorCode::kBadData, place(), ": ", in_quotes(field.name), ": found ", field.found,
       ", wanted ", wanted);
}

const std::string* Record::find(const std::string& name) const {
  const Field* found = field(name);
  if (found && found->kind != Kind::kText) fail_found(*found, "a string or an integer");
  return found ? &found->value : nullptr;
}

const std::string& Record::at(const std::string& name) const {
  if (const std::string* value = find(name)) return *value;
  return field_at(name).value;  // says that it is missing
}

const std::string& Record::scalar_at(const std::string& name) const {
  const Field& found = field_at(name);
  if (found.kind != Kind::kText && found.kind != Kind::kScalar)
    fail_found(found, "a string, a number, true or false");
  return found.value;
}

const std::vector<std::string>& Record::items_at(const std::string& name) const {
  const Field& found = field_at(name);
  constexpr const char* kWanted = "a list of strings or numbers";
  if (found.kind == Kind::kText)
    fail(ErrorCode::kBadData, place(), ": ", in_quotes(name), ": found ", in_quotes(found.value),
         ", wanted ", kWanted);
  if (found.kind != Kind::kList) fail_found(found, kWanted);
  return found.items;
}

bool Record::is_list(const std::string& name) const {
  const Field* found = field(name);
  return found && found->kind == Kind::kList;
}

std::vector<std::string> Record::list_at(const std::string& name) const {
  const Field& found = field_at(name);
  if (found.kind != Kind::kText) return items_at(name);
  std::vector<std::string> items;
  if (trimmed(found.value).empty()) return items;
  for (const std::string& part : split(found.value, ',')) items.push_back(trimmed(part));
  return items;
}

RecordReader::RecordReader(TextReader& reader, RecordFormat format, BlankLines blank,
                           TableOptions table)
    : reader_(reader), format_(format), blank_(blank), table_(std::move(table)) {
  if (is_table()) read_header();
}

void RecordReader::read_header() {
  std::string line;
  if (!reader_.next(line)) fail(ErrorCode::kBadData, reader_.name(), ": the file is empty");
  check_text(reader_, line);
  header_ = cells_of(line);
  const bool names_columns =
      table_.columns.empty() || std::any_of(header_.begin(), header_.end(), [&](const auto& cell) {
        return contains(table_.columns, cell);
      });
  if (!names_columns) first_row_ = std::exchange(header_, table_.columns);
}

void RecordReader::require_column(const std::string& name, const std::string& option) const {
  if (!is_table() || contains(header_, name)) return;
  std::vector<std::string> names;
  for (const auto& column : header_) names.push_back(printable(column));
  fail(ErrorCode::kBadData, reader_.name(), ":1: found the columns ", joined(names), ", wanted ",
       printable(name), option.empty() ? "" : "; choose another with --" + option);
}

// The next line that is not blank.
bool RecordReader::next_line(std::string& line) {
  // A tab alone is a row of two empty columns.
  const char* blanks = format_ == RecordFormat::kTable ? " " : kBlanks;
  bool blank = true;
  while (blank) {
    if (!reader_.next(line)) return false;
    blank = line.find_first_not_of(blanks) == std::string::npos;
    if (blank && blank_ == BlankLines::kRefused) fail_at(reader_, "the line is empty");
    if (blank && blank_ == BlankLines::kKept && format_ == RecordFormat::kLines) return true;
  }
  return true;
}

bool RecordReader::next(Record& record) {
  for (bool whole = false; !whole;) {
    record = {};
    record.file_ = reader_.name();
    record.number_ = 1;
    if (!first_row_.empty()) {
      whole = read_row(record, std::exchange(first_row_, {}));
      continue;
    }
    if (!next_line(record.line_)) return false;
    record.number_ = reader_.line();
    check_text(reader_, record.line_);
    whole = true;
    if (is_table())
      whole = read_row(record, cells_of(record.line_));
    else if (format_ == RecordFormat::kJson)
      read_object(record);
    else
      read_line(record);
  }
  return true;
}

std::vector<std::string> RecordReader::cells_of(const std::string& line) {
  if (format_ == RecordFormat::kTable) return split(line, '\t');
  std::vector<std::string> cells = read_csv_row(reader_, line);
  for (const std::string& cell : cells) check_text(reader_, cell);
  return cells;
}

// False for a row that is left out.
bool RecordReader::read_row(Record& record, std::vector<std::string> cells) {
  if (table_.skips_short_rows && cells.size() < header_.size()) {
    ++short_rows_;
    return false;
  }
  if (cells.size() != header_.size())
    fail(ErrorCode::kBadData, record.place(), ": found ", cells.size(), " columns, wanted ",
         header_.size(), " as in the header");
  for (size_t i = 0; i < cells.size(); ++i)
    record.fields_.push_back({header_[i], std::move(cells[i])});
  return true;
}

void RecordReader::read_object(Record& record) const {
  using Kind = Record::Kind;
  const nlohmann::json object = parse_json_line(reader_.name(), reader_.line(), record.line_);
  if (!object.is_object()) fail_at(reader_, "found ", describe(object), ", wanted a JSON object");
  for (const auto& [name, value] : object.items()) {
    Record::Field field{name, is_scalar(value) ? text_of(value) : "", Kind::kOther};
    if (value.is_string() || value.is_number_integer())
      field.kind = Kind::kText;
    else if (is_scalar(value))
      field.kind = Kind::kScalar;
    else if (value.is_null())
      field.kind = Kind::kNull;
    else if (value.is_array() && std::all_of(value.begin(), value.end(), is_scalar))
      field.kind = Kind::kList;
    if (field.kind != Kind::kText) field.found = describe(value);
    if (field.kind == Kind::kList)
      for (const auto& item : value) field.items.push_back(text_of(item));
    record.fields_.push_back(std::move(field));
  }
}

// A brace begins an object. A bracket may begin a text, "[MASK] is ..", but a list is refused.
void RecordReader::read_line(Record& record) const {
  const size_t at = record.line_.find_first_not_of(kBlanks);
  const char first = at == std::string::npos ? '\0' : record.line_[at];
  const bool list = first == '[' && nlohmann::json::accept(record.line_);
  if (first == '{' || list) return read_object(record);
  record.is_text_ = true;
}

}  // namespace albert
