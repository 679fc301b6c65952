#include "apps/bench/row_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "albert/base/atomic_file.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"

namespace albert::bench {
namespace {

constexpr uint64_t kMaxRun = 64 << 20;

bool is_lines(const std::filesystem::path& path) { return path.extension() == ".jsonl"; }

// A last line without its end, which a killed run may leave, is left out.
std::vector<Row> rows_of_lines(const std::filesystem::path& path, const std::string& text) {
  std::vector<Row> rows;
  int64_t number = 0;
  for (size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    const std::string place = path.string() + ":" + std::to_string(++number);
    Row row = parse_ordered_json(place, text.substr(begin, end - begin));
    if (row.is_object() && row.contains("name") && row.contains("per_second"))
      rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

RowFile::RowFile(std::filesystem::path path, Row head)
    : path_(std::move(path)), head_(std::move(head)) {
  if (is_lines(path_)) append(head_);
}

void RowFile::add(const Row& row) {
  if (path_.empty()) return;
  if (is_lines(path_)) return append(row);
  rows_.push_back(row);
  Row all = head_;
  all["rows"] = rows_;
  write_file_atomically(path_, all.dump(1) + "\n");
}

void RowFile::append(const Row& line) const {
  std::ofstream file(path_, std::ios::app);
  file << line.dump() + "\n" << std::flush;
  if (!file) fail(ErrorCode::kIo, path_.string(), ": cannot add a row: ", std::strerror(errno));
}

std::vector<Row> read_rows(const std::filesystem::path& path) {
  const std::string text = read_text_file(path, kMaxRun);
  if (is_lines(path)) return rows_of_lines(path, text);
  const Row all = parse_ordered_json(path, text);
  if (!all.is_object() || !all.contains("rows"))
    fail(ErrorCode::kBadData, path.string(), ": not what --output of albert-bench wrote");
  return all.at("rows").get<std::vector<Row>>();
}

}  // namespace albert::bench
