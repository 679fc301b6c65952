#include "albert/trainer/tasks/csv.h"

#include <utility>

#include "albert/base/error.h"

namespace albert {
namespace {

class CsvRow {
 public:
  CsvRow(TextReader& reader, std::string line) : reader_(reader), line_(std::move(line)) {}

  std::vector<std::string> cells() {
    std::vector<std::string> cells = {cell()};
    while (at_ < line_.size()) {
      ++at_;  // the comma
      cells.push_back(cell());
    }
    return cells;
  }

 private:
  // Up to the next comma or the end of the row.
  std::string cell() {
    if (at_ < line_.size() && line_[at_] == '"') return quoted();
    const size_t begin = at_;
    for (; at_ < line_.size() && line_[at_] != ','; ++at_)
      if (line_[at_] == '"')
        fail_at(line_number(), at_, "found a quote within a cell, wanted the cell between quotes ",
                "and this one doubled");
    return line_.substr(begin, at_ - begin);
  }

  std::string quoted() {
    const int64_t line = line_number();
    const size_t begin = at_++;
    std::string cell;
    while (true) {
      if (at_ == line_.size()) {
        if (!reader_.next(line_)) fail_at(line, begin, "found no end of this quote, wanted one");
        cell += '\n';
        at_ = 0;
      } else if (line_[at_] != '"') {
        cell += line_[at_++];
      } else if (line_.compare(at_, 2, "\"\"") == 0) {
        cell += '"';
        at_ += 2;
      } else {
        break;
      }
    }
    if (++at_ < line_.size() && line_[at_] != ',')
      fail_at(line_number(), at_, "found text behind a quote, wanted a comma");
    return cell;
  }

  int64_t line_number() const { return reader_.line(); }
  template <class... Parts>
  [[noreturn]] void fail_at(int64_t line, size_t at, const Parts&... parts) const {
    fail(ErrorCode::kBadData, reader_.name(), ":", line, ":", at + 1, ": ", parts...);
  }

  TextReader& reader_;
  std::string line_;
  size_t at_ = 0;
};

}  // namespace

std::vector<std::string> read_csv_row(TextReader& reader, const std::string& line) {
  return CsvRow(reader, line).cells();
}

}  // namespace albert
