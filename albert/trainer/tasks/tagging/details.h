#pragma once
#include "albert/inference/token_windows.h"
#include "albert/trainer/loop/report_details.h"
#include "albert/trainer/tasks/scores/tag_schemes.h"

namespace albert {

// Sentences with the labels of their words.
struct TaggedEvaluation {
  const std::vector<WindowedText>& texts;  // of words
  const TagSequences &right, &predicted;
  const std::vector<double>& losses;  // of each sentence
};

// Scores of each type of entity (of each label, where labels are of no entities), which is taken
// for which by words, and the sentences that the model is most wrong about with their wrong words.
ReportDetails tagging_details(const TaggedEvaluation& evaluated);

}  // namespace albert
