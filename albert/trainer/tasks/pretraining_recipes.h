#pragma once
#include <string>
#include <vector>

#include "albert/trainer/tasks/recipes.h"

namespace albert {

// google: the defaults of google-research/albert's run_pretraining.py and
// create_pretraining_data.py. paper-base-v1, .., paper-xxlarge-v2: those, with the sizes, dropout
// and steps of a release (the ALBERT paper, tables 1 and 14; the README for steps of v2).
std::vector<std::string> pretraining_recipe_names();

// As options of `albert pretrain`. Error(kUsage) naming the recipes there are.
Recipe pretraining_recipe(const std::string& name);

}  // namespace albert
