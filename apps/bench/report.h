#pragma once
#include <iosfwd>
#include <nlohmann/json.hpp>

namespace albert::bench {

using Row = nlohmann::ordered_json;

// Rows of one run as a table, what the kernels took under each where `breakdown`.
void print_rows(const std::vector<Row>& rows, bool breakdown, std::ostream& out);

// Rows of predict_phases() as a table, what they consist of under each where `breakdown`.
void print_predicted(const std::vector<Row>& rows, bool breakdown, std::ostream& out);

// Each row against the one of the same name in `old`: ratio, and faster, slower or same, where a
// difference within both runs' spread is none.
std::vector<Row> compared(const std::vector<Row>& now, const std::vector<Row>& old);
void print_compared(const std::vector<Row>& rows, std::ostream& out);

}  // namespace albert::bench
