#pragma once
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

// One of several options that answers a question about a context: AlbertForMultipleChoice.
TaskKind choice_kind();

}  // namespace albert
