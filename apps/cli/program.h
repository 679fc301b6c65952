#pragma once
#include <iosfwd>
#include <string>
#include <vector>

namespace albert::apps {

// `albert` as a function: arguments without the program's name. Returns the exit code; whatever
// goes wrong is one last line "albert: error: .." on `err`.
int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

struct CommandEntry;
// A program that is one command.
int run_single(const CommandEntry& entry, const std::vector<std::string>& arguments,
               std::ostream& out, std::ostream& err);

}  // namespace albert::apps
