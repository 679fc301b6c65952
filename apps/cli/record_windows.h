#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "albert/trainer/tasks/records.h"

namespace albert::apps {

// A file by its name, or the standard input where that is empty or "-".
std::unique_ptr<TextReader> open_input(const std::string& input);
bool is_standard_input(const std::string& input);

// A line of the input and what is wrong with it; empty: nothing.
struct ReadLine {
  int64_t number = 0;
  std::string problem;
};
// {"line": 12, "error": ".."}, which stands in the place of an answer.
std::string json_of_problem(const ReadLine& line);

// Reads records and gives `add` each, then `answer` the lines of each `window` of them. A record
// that cannot be read, and one that `add` refuses with Error(kBadData), has its problem told; a
// damaged file is an error. Returns how many lines had one.
int64_t for_windows(TextReader& reader, RecordReader& records, size_t window,
                    const std::function<void(const Record&)>& add,
                    const std::function<void(std::span<const ReadLine>)>& answer);

// Says on `err` that `bad` lines could not be read, where there are any. The exit code.
int exit_code_of(int64_t bad, std::ostream& err);

}  // namespace albert::apps
