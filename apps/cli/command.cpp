#include "apps/cli/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "albert/base/error.h"
#include "albert/base/nearest.h"
#include "albert/base/printable.h"

namespace albert::apps {
namespace {

[[noreturn]] void fail_value(const std::string& name, const std::string& value,
                             const std::string& wanted) {
  fail(ErrorCode::kUsage, "--", name, " ", value.empty() ? "\"\"" : printable(value), ": wanted ",
       wanted);
}

template <class T>
std::string wanted_instead(std::errc error) {
  if (error == std::errc::result_out_of_range)
    return "a whole number up to " + std::to_string(std::numeric_limits<T>::max());
  return std::is_unsigned_v<T> ? "a whole number of 0 or more" : "a whole number";
}

// An Error(kUsage) for values that are none of a T. CLI11's own checks return what is wrong; these
// throw, and return an empty string. CLI11 alone would take -1 for a large unsigned number.
template <class T>
void check_conversion(const std::string& name, const std::string& value) {
  if constexpr (std::is_floating_point_v<T>) {
    T number{};
    if (!CLI::detail::lexical_cast(value, number) || !std::isfinite(number))
      fail_value(name, value, "a number");
  } else if constexpr (std::is_integral_v<T>) {
    T number{};
    const char *begin = value.data(), *end = begin + value.size();
    const auto [stop, error] = std::from_chars(begin, end, number);
    if (error != std::errc() || stop != end) fail_value(name, value, wanted_instead<T>(error));
  }
}

template <class T>
std::function<std::string(const std::string&)> conversion_to(const std::string& name) {
  return [name](const std::string& value) {
    check_conversion<T>(name, value);
    return std::string();
  };
}

}  // namespace

template <class T>
void Command::option(const std::string& name, T& value, const std::string& help) {
  names_.push_back(name);
  values_.emplace_back(name, [&value] { return nlohmann::json(value); });
  app_->add_option("--" + name, value, help)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->check(conversion_to<T>(name))
      ->capture_default_str();
}
template void Command::option(const std::string& name, int& value, const std::string& help);
template void Command::option(const std::string& name, int64_t& value, const std::string& help);
template void Command::option(const std::string& name, uint64_t& value, const std::string& help);
template void Command::option(const std::string& name, float& value, const std::string& help);
template void Command::option(const std::string& name, double& value, const std::string& help);
template void Command::option(const std::string& name, std::string& value, const std::string& help);

void Command::choice(const std::string& name, std::string& value,
                     const std::vector<std::string>& choices, const std::string& help) {
  std::string bars, commas;
  for (const auto& choice : choices) {
    bars += (bars.empty() ? "" : "|") + choice;
    commas += (commas.empty() ? "" : ", ") + choice;
  }
  option(name, value, help);
  app_->get_option("--" + name)
      ->type_name(bars)
      ->check([name, choices, commas](const std::string& given) {
        if (std::find(choices.begin(), choices.end(), given) != choices.end()) return std::string();
        const std::string near = nearest_name(given, choices);
        fail_value(name, given,
                   "one of " + commas + (near.empty() ? "" : " (did you mean " + near + "?)"));
      });
}

void Command::limit(const std::string& name, double least, double most) {
  app_->get_option("--" + name)->check([name, least, most](const std::string& given) {
    double value = 0;
    if (!CLI::detail::lexical_cast(given, value) || value < least || value > most) {
      std::ostringstream wanted;
      wanted << least << (most < HUGE_VAL ? " to " : " or more");
      if (most < HUGE_VAL) wanted << most;
      fail_value(name, given, wanted.str());
    }
    return std::string();
  });
}

void Command::boolean(const std::string& name, bool& value, const std::string& help) {
  names_.push_back(name);
  names_.push_back("no_" + name);
  booleans_.push_back(name);
  booleans_.push_back("no_" + name);
  values_.emplace_back(name, [&value] { return nlohmann::json(value); });
  app_->add_flag("--" + name + ",!--no_" + name, value, help)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void Command::list(const std::string& name, std::vector<float>& values, const std::string& help) {
  names_.push_back(name);
  values_.emplace_back(name, [&values] { return nlohmann::json(values); });
  app_->add_option("--" + name, values, help)
      ->delimiter(',')
      ->type_name("FLOAT,..")
      ->check(conversion_to<float>(name));
}

void Command::texts(const std::string& name, std::vector<std::string>& values,
                    const std::string& each, const std::string& help) {
  names_.push_back(name);
  values_.emplace_back(name, [&values] { return nlohmann::json(values); });
  app_->add_option("--" + name, values, help)->type_name(each + " ..");
}

void Command::files(const std::string& name, std::vector<std::string>& values,
                    const std::string& help) {
  required_.push_back(name);
  texts(name, values, "FILE", help + " (required)");
}

void Command::alias(const std::string& option, const std::vector<std::string>& others) {
  for (const auto& other : others) {
    names_.push_back(other);
    others_[other] = option;
    if (option.find('=') != std::string::npos) booleans_.push_back(other);
  }
}

bool Command::has(const std::string& name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

void Command::omit_unless_set(const std::string& option) {
  for (auto& [name, value] : values_)
    if (name == option)
      value = [this, option, as_it_stands = std::move(value)] {
        return is_set(option) ? as_it_stands() : nlohmann::json();
      };
}

void Command::hide_default(const std::string& name) {
  app_->get_option("--" + name)->default_str("");
}

bool Command::is_boolean(const std::string& name) const {
  return std::find(booleans_.begin(), booleans_.end(), name) != booleans_.end();
}

const std::string& Command::meaning_of(const std::string& name) const {
  const auto at = others_.find(name);
  return at == others_.end() ? name : at->second;
}

bool Command::is_set(const std::string& name) const {
  return app_->get_option("--" + name)->count() > 0;
}

void Command::positional(const std::string& name, std::string& value, const std::string& help) {
  positional_ = name;
  app_->add_option(name, value, help);
}

void Command::positional(const std::string& name, std::vector<std::string>& values,
                         const std::string& help) {
  positional_ = name;
  app_->add_option(name, values, help);
}

void Command::check_required() const {
  for (const auto& name : required_)
    if (!is_set(name))
      fail(ErrorCode::kUsage, app_->get_name(), " needs --", name, "; see ", app_->get_name(),
           " --help");
  if (!positional_.empty() && app_->get_option(positional_)->count() == 0)
    fail(ErrorCode::kUsage, app_->get_name(), " needs ", positional_, "; see ", app_->get_name(),
         " --help");
}

std::string Command::dump() const {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const auto& [name, value] : values_) object[name] = value();
  return object.dump(2) + "\n";
}

}  // namespace albert::apps
