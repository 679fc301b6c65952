#include "apps/cli/task_flags.h"

#include "albert/base/error.h"

namespace albert::apps {
namespace {

void declare_one(Command& command, const TaskOption& option, TaskValue& value) {
  std::visit(
      [&](auto& typed) {
        using T = std::decay_t<decltype(typed)>;
        if constexpr (std::is_same_v<T, bool>)
          command.boolean(option.name, typed, option.help);
        else if constexpr (std::is_same_v<T, std::vector<float>>)
          command.list(option.name, typed, option.help);
        else
          command.option(option.name, typed, option.help);
      },
      value);
  command.omit_unless_set(option.name);  // another kind or task may have another default
  command.alias(option.name, option.also);
}

}  // namespace

void TaskFlags::declare(Command& command) {
  for (const TaskKind& kind : task_kinds())
    for (const TaskOption& option : (kind.*stage_).all())
      if (const auto [at, is_new] = values_.emplace(option.name, option.value); is_new)
        declare_one(command, option, at->second);
}

TaskOptions TaskFlags::chosen(const Command& command, const TaskKind& kind,
                              const std::map<std::string, TaskValue>& settings) const {
  TaskOptions options = kind.*stage_;
  for (const auto& [name, value] : settings)
    if (options.find(name)) options.set(name, value);
  for (const auto& [name, value] : values_) {
    if (!command.is_set(name)) continue;
    if (!options.find(name))
      fail(ErrorCode::kUsage, "--", name, ": is no option of a ", kind.name, " task");
    options.set(name, value);
  }
  return options;
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const TaskSpec& task : tasks()) names.push_back(task.name);
  return names;
}

}  // namespace albert::apps
