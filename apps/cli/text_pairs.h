#pragma once
#include <string>
#include <utility>

#include "albert/trainer/tasks/records.h"
#include "apps/cli/command.h"

namespace albert::apps {

// The columns of two texts.
struct PairColumns {
  std::string first = "text", second = "text_pair";
};
void add_pair_columns(Command& command, PairColumns& columns);

// The texts of a record, or of a line, which a tab separates. Error(kBadData).
std::pair<std::string, std::string> pair_of(const Record& record, const PairColumns& columns);

}  // namespace albert::apps
