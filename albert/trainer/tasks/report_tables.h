#pragma once
// What the tables of report.html have in common for all kinds of tasks.
#include <span>
#include <string>
#include <vector>

#include "albert/trainer/loop/report_details.h"
#include "albert/trainer/tasks/scores/classes.h"
#include "albert/trainer/tasks/scores/entities.h"

namespace albert {

// At most 240 characters of a text, and ".." where it is longer.
std::string clipped(const std::string& text);

// A row of a table with the columns label, right, predicted, precision, recall and F1.
std::vector<std::string> scores_row(const std::string& label, const EntityCounts& counts);
// Rows: what is right; columns: the prediction.
ReportTable confusion_table(const std::string& title, const std::vector<std::string>& labels,
                            const Confusion& confusion);
// The counts of each label in it.
std::vector<EntityCounts> counts_of(const Confusion& confusion);

// Up to 20 examples with the largest losses, the largest first; of equal ones the first.
std::vector<size_t> most_wrong(std::span<const double> losses);

}  // namespace albert
