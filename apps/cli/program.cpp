#include "apps/cli/program.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <new>
#include <ostream>

#include "albert/base/error.h"
#include "albert/base/nearest.h"
#include "apps/cli/arguments.h"
#include "apps/cli/parse.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

constexpr const char* kVersion = "albert " ALBERT_VERSION;
constexpr const char* kAbout = "Pre-trains, fine-tunes and runs ALBERT.";

void print_commands(std::ostream& out) {
  out << kAbout << "\n\nusage: albert <command> [options]\n\n";
  for (const CommandEntry& entry : commands()) {
    const std::string name = entry.name;
    out << "  " << name << std::string(name.size() < 10 ? 10 - name.size() : 1, ' ') << entry.about
        << "\n";
  }
  out << "\nalbert <command> --help lists a command's options; docs/cli.md has the exit codes.\n";
}

const CommandEntry& entry_of(const std::string& name) {
  std::vector<std::string> names;
  for (const CommandEntry& entry : commands()) {
    if (name == entry.name) return entry;
    names.emplace_back(entry.name);
  }
  const std::string near = nearest_name(name, names);
  fail(ErrorCode::kUsage, "unknown command ", name,
       near.empty() ? "; albert --help lists them" : " (did you mean " + near + "?)");
}

int run_command(const CommandEntry& entry, std::vector<std::string> arguments,
                const std::string& program, std::ostream& out, std::ostream& err) {
  CLI::App app(entry.about, program + entry.name);
  Command command(&app);
  bool dump = false;
  const Runner run = entry.declare(command);
  app.add_flag("--dump_config", dump, "print the options as they stand, as JSON, and exit");
  app.add_option("--config", "read options from a TOML or JSON file; the command line wins");
  arguments = normalised_arguments(arguments, command);
  const std::string config = take_config(arguments, command);
  if (!config.empty()) {
    const auto from_file = config_arguments(config, command);
    arguments.insert(arguments.begin(), from_file.begin(), from_file.end());
  }
  try {
    parse(app, command, arguments);
    const std::vector<std::string> presets =
        normalised_arguments(command.preset_arguments(), command);
    if (!presets.empty()) {
      arguments.insert(arguments.begin(), presets.begin(), presets.end());
      parse(app, command, arguments);
    }
  } catch (const CLI::CallForHelp&) {
    out << app.help();
    return 0;
  }
  if (dump) {
    out << command.dump();
    return 0;
  }
  command.check_required();
  arguments.insert(arguments.begin(), entry.name);
  command.set_arguments(arguments);
  return run(out, err);
}

int dispatch(std::vector<std::string> arguments, std::ostream& out, std::ostream& err) {
  const std::string first = arguments.empty() ? "" : arguments.front();
  if (first == "help" && arguments.size() > 1)
    return run_command(entry_of(arguments[1]), {"--help"}, "albert ", out, err);
  if (first.empty() || first == "help" || first == "--help" || first == "-h") {
    print_commands(out);
    return first.empty() ? static_cast<int>(ErrorCode::kUsage) : 0;
  }
  if (first == "--version") {
    out << kVersion << "\n";
    return 0;
  }
  arguments.erase(arguments.begin());
  return run_command(entry_of(first), arguments, "albert ", out, err);
}

int report(std::ostream& err, const std::string& what, ErrorCode code) {
  std::string line = what;
  for (char& c : line)
    if (c == '\n') c = ' ';
  err << "albert: error: " << line << std::endl;
  return static_cast<int>(code);
}

// What `run` returns; whatever it throws becomes a line and an exit code.
int guarded(std::ostream& out, std::ostream& err, const std::function<int()>& run) {
  try {
    const int code = run();
    if (!out.flush()) return report(err, "cannot write to the standard output", ErrorCode::kIo);
    return code;
  } catch (const Error& e) {
    return report(err, e.what(), e.code());
  } catch (const std::bad_alloc&) {
    return report(err, "out of memory; use a smaller batch, or --precision bf16",
                  ErrorCode::kOutOfMemory);
  } catch (const std::exception& e) {
    return report(err, e.what(), ErrorCode::kInternal);
  }
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  return guarded(out, err, [&] { return dispatch(arguments, out, err); });
}

int run_single(const CommandEntry& entry, const std::vector<std::string>& arguments,
               std::ostream& out, std::ostream& err) {
  return guarded(out, err, [&] { return run_command(entry, arguments, "", out, err); });
}

}  // namespace albert::apps
