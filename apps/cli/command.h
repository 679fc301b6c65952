#pragma once
// One command's options over CLI11, with the rules of docs/cli.md: --under_scores (dashes are
// folded to them before parsing), booleans as --x, --x true, --no_x; later values win, so that the
// command line beats the config file.
#include <CLI/CLI.hpp>
#include <functional>
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
  void list(const std::string& name, std::vector<float>& values,
            const std::string& help);  // one argument, by commas
  void files(const std::string& name, std::vector<std::string>& values,
             const std::string& help);  // one or more
  // Names by which users of other programs know the option: `also("max_steps",
  // {"num_train_steps"})`. Where the option is "name=value", its other names are booleans that
  // stand for it: `also("precision=bf16", {"bf16"})`.
  void also(const std::string& option, const std::vector<std::string>& others);
  bool given(const std::string& name) const;  // by the user, here or in a config file
  void positional(const std::string& name, std::string& value,
                  const std::string& help);  // required

  const std::vector<std::string>& names() const {
    return names_;
  }  // of every option, without dashes
  bool is_boolean(const std::string& name) const;
  // The option another name stands for, as also() had it; else `name`.
  const std::string& meaning_of(const std::string& name) const;
  bool has_positional() const { return !positional_.empty(); }
  // Error(kUsage) naming the first required option that was not given.
  void check_required() const;
  std::string dump() const;  // the options as they now stand, as JSON that --config takes

 private:
  CLI::App* app_;
  std::vector<std::string> names_, booleans_, required_;
  std::map<std::string, std::string> others_;
  std::string positional_;
  std::vector<std::pair<std::string, std::function<nlohmann::json()>>> values_;
};

}  // namespace albert::apps
