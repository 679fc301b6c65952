#include "albert/trainer/tasks/report_tables.h"

#include <algorithm>
#include <numeric>

#include "albert/tokenizer/utf8.h"
#include "albert/trainer/tasks/rounding.h"

namespace albert {

std::string clipped(const std::string& text) {
  constexpr int64_t kMostCharacters = 240;
  if (count_code_points(text) <= kMostCharacters) return text;
  return std::string(code_points(text, 0, kMostCharacters)) + " ..";
}

std::vector<std::string> scores_row(const std::string& label, const EntityCounts& counts) {
  return {label,
          std::to_string(counts.right),
          std::to_string(counts.predicted),
          three_digits(counts.precision()),
          three_digits(counts.recall()),
          three_digits(counts.f1())};
}

ReportTable confusion_table(const std::string& title, const std::vector<std::string>& labels,
                            const Confusion& confusion) {
  ReportTable table{.title = title,
                    .note = "rows: the right label; columns: the prediction",
                    .columns = labels,
                    .shaded = true};
  table.columns.insert(table.columns.begin(), "");
  for (size_t i = 0; i < labels.size(); ++i) {
    table.rows.push_back({labels[i]});
    for (const int64_t count : confusion[i]) table.rows.back().push_back(std::to_string(count));
  }
  return table;
}

std::vector<EntityCounts> counts_of(const Confusion& confusion) {
  std::vector<EntityCounts> counts(confusion.size());
  for (size_t i = 0; i < confusion.size(); ++i)
    for (size_t j = 0; j < confusion.size(); ++j) {
      counts[i].right += confusion[i][j];
      counts[j].predicted += confusion[i][j];
      if (i == j) counts[i].both += confusion[i][i];
    }
  return counts;
}

std::vector<size_t> most_wrong(std::span<const double> losses) {
  constexpr size_t kMost = 20;
  std::vector<size_t> order(losses.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return losses[a] > losses[b]; });
  order.resize(std::min(order.size(), kMost));
  return order;
}

}  // namespace albert
