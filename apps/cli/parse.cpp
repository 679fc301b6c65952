#include "apps/cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "albert/base/error.h"
#include "albert/base/nearest.h"
#include "albert/base/printable.h"

namespace albert::apps {
namespace {

std::string see_help(const CLI::App& app) { return "; see " + app.get_name() + " --help"; }

[[noreturn]] void fail_extra(const CLI::App& app, const Command& command) {
  const std::string first = app.remaining().front();
  const size_t dashes = std::min(first.find_first_not_of('-'), first.size());
  const std::string option = first.substr(0, first.find('='));
  if (dashes == 0 || dashes == first.size())
    fail(ErrorCode::kUsage, "unexpected argument ", printable(first), see_help(app));
  const std::string near = nearest_name(option.substr(dashes), command.names());
  fail(ErrorCode::kUsage, "unknown option ", printable(option),
       near.empty() ? see_help(app) : " (did you mean --" + near + "?)");
}

[[noreturn]] void fail_without_value(const CLI::App& app, const std::string& option) {
  fail(ErrorCode::kUsage, option, ": found no value, wanted one", see_help(app));
}

// CLI11 would take the option behind it for the value, and behind "--model=" any argument.
void check_values(const CLI::App& app, const Command& command,
                  const std::vector<std::string>& arguments) {
  const auto is_option = [&](const std::string& argument) {
    return argument.rfind("--", 0) == 0 && command.has(argument.substr(2, argument.find('=') - 2));
  };
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string option = arguments[i].substr(0, arguments[i].find('='));
    if (!is_option(option) || command.is_boolean(option.substr(2))) continue;
    const size_t typed = arguments[i].size() - option.size();  // "" , "=" or "=value"
    const bool last = i + 1 == arguments.size();
    if (typed == 1 || (typed == 0 && (last || is_option(arguments[i + 1]))))
      fail_without_value(app, option);
    if (typed == 0) ++i;
  }
}

// "--a requires --b" and "--a excludes --b".
[[noreturn]] void fail_pair(const CLI::App& app, std::string complaint, const std::string& verb,
                            const std::string& wanted) {
  const size_t at = complaint.find(verb);
  if (at == std::string::npos) fail(ErrorCode::kUsage, complaint, see_help(app));
  fail(ErrorCode::kUsage, complaint.substr(0, at), ": wanted ", wanted, " ",
       complaint.substr(at + verb.size()), see_help(app));
}

}  // namespace

void parse(CLI::App& app, const Command& command, std::vector<std::string> arguments) {
  check_values(app, command, arguments);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    throw;
  } catch (const CLI::ExtrasError&) {
    fail_extra(app, command);
  } catch (const CLI::RequiresError& e) {
    fail_pair(app, e.what(), " requires ", "also");
  } catch (const CLI::ExcludesError& e) {
    fail_pair(app, e.what(), " excludes ", "not also");
  } catch (const CLI::Error& e) {
    fail(ErrorCode::kUsage, e.what(), see_help(app));
  }
}

}  // namespace albert::apps
