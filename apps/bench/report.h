#pragma once
#include <iosfwd>
#include <nlohmann/json.hpp>

namespace albert::bench {

using Row = nlohmann::ordered_json;

// Prints the rows of one run as a table, with the kernels' times below each row if `breakdown`.
void print_rows(const std::vector<Row>& rows, bool breakdown, std::ostream& out);

// Prints the rows of predict_phases() as a table, with their parts below each row if `breakdown`.
void print_predicted(const std::vector<Row>& rows, bool breakdown, std::ostream& out);

// Compares each row with the one of the same name in `old`: the ratio, and faster, slower or same.
// A difference within the spread of both runs counts as same.
std::vector<Row> compared(const std::vector<Row>& now, const std::vector<Row>& old);
void print_compared(const std::vector<Row>& rows, std::ostream& out);

}  // namespace albert::bench
