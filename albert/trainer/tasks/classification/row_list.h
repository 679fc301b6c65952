#pragma once
#include <set>
#include <string>
#include <vector>

#include "albert/trainer/tasks/records.h"
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

// The rows of a table that a file lists, a line each, by what some columns hold.
class RowList {
 public:
  // Error(kBadData) "file:12: .." for another number of columns, for a row that is there twice and
  // for what is not UTF-8; kMissingInput.
  explicit RowList(const HeldOutRows& rows);

  // Error(kBadData) where the record lacks one of the columns.
  bool has(const Record& record) const;
  size_t size() const { return rows_.size(); }

 private:
  std::vector<std::string> columns_;
  std::set<std::vector<std::string>> rows_;
};

}  // namespace albert
