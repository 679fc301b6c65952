#pragma once
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

// A label for every word, as of named entities: AlbertForTokenClassification.
TaskKind tagging_kind();

}  // namespace albert
