#pragma once
#include "albert/trainer/tasks/task_kind.h"

namespace albert {

// An answer that is a part of a context: AlbertForQuestionAnswering.
TaskKind span_kind();

}  // namespace albert
