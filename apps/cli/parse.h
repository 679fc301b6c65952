#pragma once
#include <string>
#include <vector>

#include "apps/cli/command.h"

namespace albert::apps {

// Sets the command's options from normalised arguments. CLI11's complaints become an Error(kUsage)
// in our words, "--model: found no value, wanted one; see albert forward --help"; CLI::CallForHelp
// goes on to the caller.
void parse(CLI::App& app, const Command& command, std::vector<std::string> arguments);

}  // namespace albert::apps
