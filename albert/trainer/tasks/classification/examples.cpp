#include "albert/trainer/tasks/classification/examples.h"

#include <algorithm>

#include "albert/base/error.h"
#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/base/text_reader.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

using Columns = std::vector<std::string>;

[[noreturn]] void fail_at(const TextReader& reader, const std::string& what) {
  fail(ErrorCode::kBadData, reader.name(), ":", reader.line(), ": ", what);
}

Columns split(const std::string& line) {
  Columns columns;
  size_t begin = 0;
  for (size_t at; (at = line.find('\t', begin)) != std::string::npos; begin = at + 1)
    columns.push_back(line.substr(begin, at - begin));
  columns.push_back(line.substr(begin));
  return columns;
}

size_t column_of(const TextReader& reader, const Columns& header, const std::string& name) {
  const auto at = std::find(header.begin(), header.end(), name);
  if (at != header.end()) return static_cast<size_t>(at - header.begin());
  fail_at(reader, "found no column " + in_quotes(name) + " in the header, wanted it beside " +
                      printable(joined(header), 500));
}

void check_text(const TextReader& reader, const std::string& line) {
  const size_t bad = std::min(invalid_utf8(line), line.find('\0'));
  if (bad != std::string::npos)
    fail_at(reader, "byte " + std::to_string(bad + 1) + " is not UTF-8 text");
}

// Reads rows of a table, column by column as its header says.
class Table {
  static constexpr size_t kNone = std::string::npos;

 public:
  Table(TextReader& reader, const TaskSpec& task) : reader_(reader) {
    std::string line;
    if (!reader.next(line)) fail(ErrorCode::kBadData, reader.name(), ": the file is empty");
    if (line.rfind("\xEF\xBB\xBF", 0) == 0) line.erase(0, 3);
    const Columns header = split(line);
    count_ = header.size();
    text_ = column_of(reader, header, task.text_column);
    label_ = column_of(reader, header, task.label_column);
    if (!task.pair_column.empty()) pair_ = column_of(reader, header, task.pair_column);
  }
  TextExample row(const std::string& line) const {
    Columns columns = split(line);
    if (columns.size() != count_)
      fail_at(reader_, std::to_string(columns.size()) + " columns, the header has " +
                           std::to_string(count_));
    TextExample example{columns[text_], {}, columns[label_]};
    if (pair_ != kNone) example.pair = columns[pair_];
    return example;
  }

 private:
  const TextReader& reader_;
  size_t count_ = 0, text_ = 0, label_ = 0, pair_ = kNone;
};

std::string field(const TextReader& reader, const nlohmann::json& object, const std::string& key) {
  if (!object.is_object() || !object.contains(key))
    fail_at(reader, "no \"" + key + "\" in the object");
  const auto& value = object[key];
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return std::to_string(value.get<int64_t>());
  fail_at(reader, "\"" + key + "\" must be a text or an integer");
}

TextExample from_json(const TextReader& reader, const std::string& line, const TaskSpec& task) {
  const auto object = parse_json_line(reader.name(), reader.line(), line);
  TextExample example{
      field(reader, object, task.text_column), {}, field(reader, object, task.label_column)};
  if (!task.pair_column.empty()) example.pair = field(reader, object, task.pair_column);
  return example;
}

}  // namespace

std::vector<TextExample> read_text_examples(const std::filesystem::path& path,
                                            const TaskSpec& task) {
  TextReader reader(path);
  const bool json = path.filename().string().find(".jsonl") != std::string::npos;
  std::optional<Table> table;
  if (!json) table.emplace(reader, task);
  std::vector<TextExample> examples;
  for (std::string line; reader.next(line);) {
    if (line.empty()) continue;
    check_text(reader, line);
    examples.push_back(json ? from_json(reader, line, task) : table->row(line));
  }
  if (examples.empty()) fail(ErrorCode::kBadData, path.string(), ": no examples in it");
  return examples;
}

std::vector<int64_t> label_ids(const std::string& file, const std::vector<TextExample>& examples,
                               const std::vector<std::pair<std::string, std::string>>& labels) {
  std::vector<int64_t> ids;
  for (const TextExample& example : examples) {
    const auto at = std::find_if(labels.begin(), labels.end(),
                                 [&](const auto& l) { return l.first == example.label; });
    if (at == labels.end()) {
      std::vector<std::string> known;
      for (const auto& label : labels) known.push_back(label.first);
      fail(ErrorCode::kBadData, file, ": example ", ids.size() + 1, ": found the label ",
           in_quotes(example.label), ", wanted ", one_of(known));
    }
    ids.push_back(at - labels.begin());
  }
  return ids;
}

std::vector<std::pair<std::string, std::string>> labels_found(
    const std::vector<TextExample>& examples) {
  std::vector<std::pair<std::string, std::string>> labels;
  for (const auto& example : examples) {
    const std::pair<std::string, std::string> label{example.label, example.label};
    if (std::find(labels.begin(), labels.end(), label) == labels.end()) labels.push_back(label);
  }
  const auto is_number = [](const auto& label) {
    return !label.first.empty() && label.first.size() < 10 &&
           label.first.find_first_not_of("0123456789") == std::string::npos;
  };
  if (std::all_of(labels.begin(), labels.end(), is_number))
    std::sort(labels.begin(), labels.end(),
              [](const auto& a, const auto& b) { return std::stol(a.first) < std::stol(b.first); });
  else
    std::sort(labels.begin(), labels.end());
  return labels;
}

}  // namespace albert
