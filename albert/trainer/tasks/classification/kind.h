#pragma once
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

// One label for a text or a pair of texts: AlbertForSequenceClassification.
TaskKind classification_kind();
// The same head, with any number of labels, and with a number.
TaskKind multilabel_kind();
TaskKind regression_kind();

}  // namespace albert
