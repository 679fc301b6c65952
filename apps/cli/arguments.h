#pragma once
#include <nlohmann/json_fwd.hpp>
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

// The entries of a flat JSON object as --name=value; null and "" are as if they were not there.
// Error(kUsage) "place: key: .." for an object in it.
std::vector<std::string> arguments_of(const std::string& place,
                                      const nlohmann::ordered_json& object);

// Takes "--config FILE", or a lone argument that ends in .json, out of the arguments and returns
// the file's name; empty if there is none.
std::string take_config(std::vector<std::string>& arguments, const Command& command);

}  // namespace albert::apps
