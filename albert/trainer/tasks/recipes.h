#pragma once
#include <string>
#include <utility>
#include <vector>

namespace albert {

// Published hyper-parameters of a task, as options of `albert finetune` and their values.
struct Recipe {
  std::string source;  // where they were published, for people
  std::vector<std::pair<std::string, std::string>> options;
};

// google: run_glue.sh and run_race.py of google-research/albert. huggingface: the READMEs of
// transformers' run_glue, run_qa, run_swag and run_ner. paper: table 14 of the ALBERT paper.
std::vector<std::string> recipe_names();

// Error(kUsage) naming the recipes that the task has, or the tasks there are.
Recipe recipe_of(const std::string& task, const std::string& name);

}  // namespace albert
