#pragma once
#include <string>
#include <vector>

#include "albert/trainer/tasks/recipes.h"

namespace albert {

// google: the defaults of google-research/albert's run_pretraining.py and
// create_pretraining_data.py. paper-base-v1, .., paper-xxlarge-v2: those, with the sizes of the
// ALBERT paper (table 1), the dropout of the released configurations and the steps that the README
// gives; where it gives none, the script's 125,000.
std::vector<std::string> pretraining_recipe_names();

// As options of `albert pretrain`. Error(kUsage) naming the recipes there are.
Recipe pretraining_recipe(const std::string& name);

}  // namespace albert
