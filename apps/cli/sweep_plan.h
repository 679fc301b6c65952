#pragma once
#include <string>
#include <utility>
#include <vector>

namespace albert::apps {

// Options in which a run differs from others, and their values there.
using Settings = std::vector<std::pair<std::string, std::string>>;

// "learning_rate=1e-5,seed=1", which also names the run's folder.
std::string name_of(const Settings& settings);

// Every combination of the values in `grid`, "learning_rate=1e-5,3e-5" each, with every one of
// `seeds`, "1..5" or "1,2,3", as the last option "seed"; empty: no such option. Error(kUsage) for
// what is not of that form, an option or value that is there twice, and more than 10,000 runs.
std::vector<Settings> combinations_of(const std::vector<std::string>& grid,
                                      const std::string& seeds);

}  // namespace albert::apps
