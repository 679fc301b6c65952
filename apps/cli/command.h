#pragma once
// One command's options over CLI11, with the rules of docs/cli.md: --under_scores (dashes are
// folded to them before parsing), booleans as --x, --x true, --no_x; later values win, so that the
// command line beats the config file.
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace albert::apps {

class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  // T: int, int64_t, uint64_t, float, double or std::string.
  template <class T>
  void option(const std::string& name, T& value, const std::string& help);
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
  // One argument or more, `each` of this form.
  void texts(const std::string& name, std::vector<std::string>& values, const std::string& each,
             const std::string& help);
  // The same; required.
  void files(const std::string& name, std::vector<std::string>& values, const std::string& help);
  // The user's values of a numeric option below `least` or above `most` become an Error(kUsage).
  void limit(const std::string& name, double least, double most = HUGE_VAL);
  // Names by which users of other programs know the option: `alias("max_steps",
  // {"num_train_steps"})`. Where the option is "name=value", its aliases are booleans that stand
  // for it: `alias("precision=bf16", {"bf16"})`.
  void alias(const std::string& option, const std::vector<std::string>& others);
  // dump() gives null for the option unless it is set: its default depends on other options.
  void omit_unless_set(const std::string& name);
  // --help shows none for the option, for the same reason.
  void hide_default(const std::string& name);
  bool is_set(const std::string& name) const;  // by the user, here or in a config file
  // Arguments for which the options stand once they are parsed, such as those of --recipe. They
  // have effect where neither the user nor a config file says otherwise.
  void presets(std::function<std::vector<std::string>()> arguments) {
    presets_ = std::move(arguments);
  }
  std::vector<std::string> preset_arguments() const {
    return presets_ ? presets_() : std::vector<std::string>();
  }
  // The command's name and all its arguments, those of a config file and presets before the user's.
  void set_arguments(std::vector<std::string> arguments) { arguments_ = std::move(arguments); }
  const std::vector<std::string>& arguments() const { return arguments_; }
  // An argument without a name; required.
  void positional(const std::string& name, std::string& value, const std::string& help);
  // One or more of them.
  void positional(const std::string& name, std::vector<std::string>& values,
                  const std::string& help);

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
  CLI::App* app_;
  std::vector<std::string> names_, booleans_, required_;
  std::map<std::string, std::string> others_;
  std::string positional_;
  std::vector<std::pair<std::string, std::function<nlohmann::json()>>> values_;
  std::function<std::vector<std::string>()> presets_;
  std::vector<std::string> arguments_;
};

}  // namespace albert::apps
