#include "albert/trainer/tasks/classification/row_list.h"

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/base/split.h"

namespace albert {

RowList::RowList(const HeldOutRows& rows) : columns_(rows.columns) {
  TextReader reader(rows.file);
  for (std::string line; reader.next(line);) {
    check_text(reader, line);
    const std::vector<std::string> cells = split(line, '\t');
    const auto fail_here = [&](const auto&... parts) {
      fail(ErrorCode::kBadData, reader.name(), ":", reader.line(), ": ", parts...);
    };
    if (cells.size() != columns_.size())
      fail_here("found ", cells.size(), " columns, wanted ", joined(columns_));
    if (!rows_.insert(cells).second)
      fail_here("found ", in_quotes(line), " again, wanted each row once");
  }
}

bool RowList::has(const Record& record) const {
  std::vector<std::string> cells;
  for (const std::string& column : columns_) cells.push_back(record.at(column));
  return rows_.contains(cells);
}

}  // namespace albert
