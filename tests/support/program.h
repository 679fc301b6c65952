#pragma once
// `albert` as a function, and as a process that reads a file as its standard input.
#include <sys/wait.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/cli/program.h"
#include "tests/support/files.h"

namespace albert::testing {

struct Outcome {
  int code;
  std::string out, err;
  bool says(const std::string& text) const { return err.find(text) != std::string::npos; }
  // The lines of `out`, each a JSON value.
  std::vector<nlohmann::json> json_lines() const {
    std::vector<nlohmann::json> values;
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);)
      values.push_back(nlohmann::json::parse(line));
    return values;
  }
};

inline Outcome run_albert(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const int code = apps::run_program(arguments, out, err);
  return {code, out.str(), err.str()};
}

inline std::string quoted(const std::string& text) { return "'" + text + "'"; }

inline Outcome run_albert_on(const std::filesystem::path& standard_input,
                             const std::string& program,
                             const std::vector<std::string>& arguments) {
  std::string command = quoted(program);
  for (const auto& argument : arguments) command += " " + quoted(argument);
  const std::string out = standard_input.string() + ".out", err = standard_input.string() + ".err";
  command += " <" + quoted(standard_input.string()) + " >" + quoted(out) + " 2>" + quoted(err);
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_bytes(out), read_bytes(err)};
}

}  // namespace albert::testing
