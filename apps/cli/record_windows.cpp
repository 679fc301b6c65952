#include "apps/cli/record_windows.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "albert/base/error.h"

namespace albert::apps {
namespace {

// What is wrong with the line that was read last, without the place where it stands.
std::string problem_of(const TextReader& reader, std::string what) {
  const std::string place = reader.name() + ":" + std::to_string(reader.line()) + ": ";
  if (what.starts_with(place)) what.erase(0, place.size());
  return what;
}

// False behind the last line.
bool read_line(TextReader& reader, RecordReader& records,
               const std::function<void(const Record&)>& add, std::vector<ReadLine>& lines) {
  const int64_t before = reader.line();
  try {
    Record record;
    if (!records.next(record)) return false;
    add(record);
    lines.push_back({record.number(), ""});
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kBadData || reader.line() == before) throw;
    lines.push_back({reader.line(), problem_of(reader, e.what())});
  }
  return true;
}

}  // namespace

bool is_standard_input(const std::string& input) { return input.empty() || input == "-"; }

std::unique_ptr<TextReader> open_input(const std::string& input) {
  return is_standard_input(input) ? TextReader::standard_input()
                                  : std::make_unique<TextReader>(input);
}

std::string json_of_problem(const ReadLine& line) {
  return nlohmann::ordered_json({{"line", line.number}, {"error", line.problem}}).dump();
}

int64_t for_windows(TextReader& reader, RecordReader& records, size_t window,
                    const std::function<void(const Record&)>& add,
                    const std::function<void(std::span<const ReadLine>)>& answer) {
  std::vector<ReadLine> lines;
  int64_t bad = 0;
  for (bool more = true; more;) {
    more = read_line(reader, records, add, lines);
    if (lines.empty() || (more && lines.size() < window)) continue;
    answer(lines);
    for (const ReadLine& line : lines) bad += line.problem.empty() ? 0 : 1;
    lines.clear();
  }
  return bad;
}

int exit_code_of(int64_t bad, std::ostream& err) {
  if (bad == 0) return 0;
  err << "albert: error: " << bad
      << " lines could not be read; their places in the output hold {\"error\": ..}\n";
  return static_cast<int>(ErrorCode::kBadData);
}

}  // namespace albert::apps
