#pragma once
#include <filesystem>
#include <vector>

#include "albert/trainer/tasks/classification/examples.h"
#include "albert/trainer/tasks/labels.h"

namespace albert {

// The predictions in a file, one for each of `examples`, in their order: objects as albert predict
// writes them ("label", "labels" or "score"); a table whose header has a column "prediction",
// "label" or "score" (a GLUE submission), whose "index" or "id", where it has one, is the number
// of the example from 0; or lines that end in the prediction, behind the last tab. `labels` are
// those of the task, none of which is a header. Error(kBadData) "file:line: .." where the file does
// not have each example once; kMissingInput.
std::vector<PlacedAnswer> read_predictions(const std::filesystem::path& path, Problem problem,
                                           const TaskLabels& labels, size_t examples);

}  // namespace albert
