#pragma once
#include <string>
#include <vector>

#include "albert/base/text_reader.h"

namespace albert {

// The cells of a row by RFC 4180: a cell between quotes may hold commas, doubled quotes and line
// breaks. `line` is the row's first line; those it goes on in are taken from `reader`.
// Error(kBadData) "file:12:7: .." for a quote where none may be, or one that is not closed.
std::vector<std::string> read_csv_row(TextReader& reader, const std::string& line);

}  // namespace albert
