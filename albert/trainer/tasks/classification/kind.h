#pragma once
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

// One label for a text or a pair of texts: AlbertForSequenceClassification.
TaskKind classification_kind();

}  // namespace albert
