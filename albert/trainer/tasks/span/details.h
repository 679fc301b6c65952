#pragma once
#include "albert/trainer/loop/report_details.h"
#include "albert/trainer/tasks/span/scores.h"
#include "albert/trainer/tasks/span/squad_file.h"

namespace albert {

// Exact match and F1 by the kind of the first right answer, by its length in words and by the
// question's word, and the questions that were answered worst. One of each list for each question.
ReportDetails span_details(const std::vector<SquadQuestion>& questions,
                           const std::vector<std::string>& predicted,
                           const std::vector<ScoredAnswer>& scored);

}  // namespace albert
