#pragma once
#include <span>
#include <vector>

#include "albert/trainer/tasks/choice/examples.h"
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

// The scores of predictions for labelled examples, with how many questions each is of.
ScoreReport choice_report(std::span<const int64_t> predicted,
                          const std::vector<ChoiceExample>& gold);

}  // namespace albert
