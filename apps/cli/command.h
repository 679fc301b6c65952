#pragma once
// One command's options over CLI11, with the rules of docs/cli.md: --under_scores (dashes are
// folded to them before parsing), booleans as --x, --x true, --no_x; later values win, so that the
// command line beats the config file.
#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace albert::apps {

class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  template <class T>
  CLI::Option* option(const std::string& name, T& value, const std::string& help) {
    names_.push_back(name);
    values_.emplace_back(name, [&value] { return nlohmann::json(value); });
    return app_->add_option("--" + name, value, help)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->check(conversion_to<T>(name))
        ->capture_default_str();
  }
  template <class T>
  void required(const std::string& name, T& value, const std::string& help) {
    option(name, value, help + " (required)");
    required_.push_back(name);
  }
  void choice(const std::string& name, std::string& value, const std::vector<std::string>& choices,
              const std::string& help);
  void boolean(const std::string& name, bool& value, const std::string& help);
  // One argument, its values between commas.
  void list(const std::string& name, std::vector<float>& values, const std::string& help);
  // One argument or more; required.
  void files(const std::string& name, std::vector<std::string>& values, const std::string& help);
  // The user's values of a numeric option below `least` or above `most` become an Error(kUsage).
  void limit(const std::string& name, double least, double most = HUGE_VAL);
  // Names by which users of other programs know the option: `alias("max_steps",
  // {"num_train_steps"})`. Where the option is "name=value", its aliases are booleans that stand
  // for it: `alias("precision=bf16", {"bf16"})`.
  void alias(const std::string& option, const std::vector<std::string>& others);
  // dump() gives null for the option unless it is set: its default depends on other options.
  void omit_unless_set(const std::string& name);
  bool is_set(const std::string& name) const;  // by the user, here or in a config file
  // An argument without a name; required.
  void positional(const std::string& name, std::string& value, const std::string& help);

  // The names of all options, without dashes.
  const std::vector<std::string>& names() const { return names_; }
  bool has(const std::string& name) const;         // an option of this name
  bool is_boolean(const std::string& name) const;  // --name, or the --no_x of a boolean x
  // The option that an alias stands for; else `name`.
  const std::string& meaning_of(const std::string& name) const;
  bool has_positional() const { return !positional_.empty(); }
  // Error(kUsage) naming the first required option that is not set.
  void check_required() const;
  std::string dump() const;  // the options as they now stand, as JSON that --config takes

 private:
  using Check = std::function<std::string(const std::string& value)>;

  // An Error(kUsage) for values that are none of a T. CLI11's own checks return what is wrong;
  // these throw, and return an empty string. CLI11 alone would take -1 for a large unsigned number.
  template <class T>
  static Check conversion_to(const std::string& name) {
    return [name](const std::string& value) {
      if constexpr (std::is_floating_point_v<T>) {
        T number{};
        if (!CLI::detail::lexical_cast(value, number) || !std::isfinite(number))
          fail_value(name, value, "a number");
      } else if constexpr (std::is_integral_v<T>) {
        T number{};
        const char *begin = value.data(), *end = begin + value.size();
        const auto [stop, error] = std::from_chars(begin, end, number);
        if (error == std::errc() && stop == end) return std::string();
        std::string wanted = "a whole number";
        if (std::is_unsigned_v<T>) wanted += " of 0 or more";
        if (error == std::errc::result_out_of_range)
          wanted = "a whole number up to " + std::to_string(std::numeric_limits<T>::max());
        fail_value(name, value, wanted);
      }
      return std::string();
    };
  }
  [[noreturn]] static void fail_value(const std::string& name, const std::string& value,
                                      const std::string& wanted);

  CLI::App* app_;
  std::vector<std::string> names_, booleans_, required_;
  std::map<std::string, std::string> others_;
  std::string positional_;
  std::vector<std::pair<std::string, std::function<nlohmann::json()>>> values_;
};

}  // namespace albert::apps
