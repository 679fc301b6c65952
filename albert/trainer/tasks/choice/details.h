#pragma once
#include "albert/trainer/loop/report_details.h"
#include "albert/trainer/tasks/choice/task.h"

namespace albert {

// Accuracy by RACE's level, where questions have one, and by the option that is right; which option
// is taken for which; the questions that the model is most wrong about, as their tokens decode.
// `outputs`: one an option of each question.
ReportDetails choice_details(const ChoiceExamples& examples, std::span<const double> outputs,
                             const Tokenizer& tokenizer);

}  // namespace albert
