#include "apps/cli/text_pairs.h"

#include <algorithm>

#include "albert/base/error.h"

namespace albert::apps {

void add_pair_columns(Command& command, PairColumns& columns) {
  command.option("text_column", columns.first, "the first text's column or field");
  command.option("pair_column", columns.second, "the second text's column or field");
}

std::pair<std::string, std::string> pair_of(const Record& record, const PairColumns& columns) {
  if (!record.is_text()) return {record.at(columns.first), record.at(columns.second)};
  const std::string& line = record.line();
  const auto tabs = std::count(line.begin(), line.end(), '\t');
  if (tabs != 1)
    fail(ErrorCode::kBadData, record.place(), ": found ", tabs,
         " tabs, wanted one between two texts");
  const size_t tab = line.find('\t');
  return {line.substr(0, tab), line.substr(tab + 1)};
}

}  // namespace albert::apps
