#pragma once
#include <vector>

#include "albert/trainer/tasks/registry.h"

namespace albert {

// The tasks of GLUE, with the names of files and columns in the data of gluebenchmark.com and the
// labels and metrics of transformers' run_glue.
std::vector<TaskSpec> glue_tasks();

}  // namespace albert
