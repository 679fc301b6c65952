#pragma once
#include <string>
#include <vector>

#include "apps/cli/command.h"

namespace albert::apps {

// The user's arguments in the one spelling that is parsed: dashes in option names are folded to
// underscores, aliases replaced by the option they stand for, and "--x true" is joined to
// "--x=true" for booleans. Error(kUsage) for other values of booleans.
std::vector<std::string> normalised_arguments(const std::vector<std::string>& arguments,
                                              const Command& command);

// A config file's entries as arguments: JSON (a flat object) where the name ends in .json, else
// TOML. Error(kMissingInput), kIo, kBadData; kUsage naming a key the command does not have, and the
// nearest one it has.
std::vector<std::string> config_arguments(const std::string& path, const Command& command);

// Takes "--config FILE", or a lone argument that ends in .json, out of the arguments and returns
// the file's name; empty if there is none.
std::string take_config(std::vector<std::string>& arguments, const Command& command);

}  // namespace albert::apps
