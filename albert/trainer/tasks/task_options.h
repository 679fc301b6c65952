#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

#include "albert/base/error.h"

namespace albert {

// A value of an option. The type of its default is the option's type.
using TaskValue = std::variant<bool, int64_t, double, std::string, std::vector<float>>;

// An option that a kind of task has beside those of the command: --name VALUE.
struct TaskOption {
  std::string name;
  TaskValue value;  // the default
  std::string help;
  std::vector<std::string> also = {};  // its names in other programs
};

class TaskOptions {
 public:
  TaskOptions() = default;
  TaskOptions(std::initializer_list<TaskOption> options) : options_(options) {}
  TaskOptions(std::vector<TaskOption> options) : options_(std::move(options)) {}

  const std::vector<TaskOption>& all() const { return options_; }
  const TaskOption* find(const std::string& name) const {
    for (const TaskOption& option : options_)
      if (option.name == name) return &option;
    return nullptr;
  }
  // Error(kInternal) where there is no option of that name and type.
  template <class T>
  const T& get(const std::string& name) const {
    const TaskOption* option = find(name);
    ALBERT_CHECK(option && std::holds_alternative<T>(option->value), "no such option: ", name);
    return std::get<T>(option->value);
  }
  void set(const std::string& name, const TaskValue& value) {
    for (TaskOption& option : options_)
      if (option.name == name && option.value.index() == value.index()) {
        option.value = value;
        return;
      }
    fail(ErrorCode::kInternal, "no option ", name, " of that type");
  }

 private:
  std::vector<TaskOption> options_;
};

}  // namespace albert
