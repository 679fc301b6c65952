#pragma once
#include <filesystem>
#include <vector>

#include "apps/bench/report.h"

namespace albert::bench {

// Keeps the rows of a run from the first one on, so that a run that is killed leaves what it
// measured. FILE.jsonl is added to, an object a line, `head` before the first row; any other file
// is one object of `head` and "rows", written anew with each row. No path: nothing is kept.
class RowFile {
 public:
  RowFile(std::filesystem::path path, Row head);
  void add(const Row& row);  // Error(kIo)

 private:
  void append(const Row& line) const;

  std::filesystem::path path_;
  Row head_;
  Row rows_ = Row::array();
};

// Returns the rows of a RowFile of either kind; Error(kBadData) naming a file that is none.
std::vector<Row> read_rows(const std::filesystem::path& path);

}  // namespace albert::bench
