#include "apps/cli/task_flags.h"

#include <algorithm>
#include <sstream>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert::apps {
namespace {

// An option as some kinds understand it.
struct Meaning {
  std::string help, value;  // value: the default, as text
  std::vector<std::string> kinds;
};

std::string text_of(const TaskValue& value) {
  std::ostringstream text;
  std::visit(
      [&](const auto& typed) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(typed)>, std::vector<float>>)
          text << typed;
      },
      value);
  return text.str();
}

// What kinds with this option, at this stage, understand by it: one meaning where they agree.
std::vector<Meaning> meanings_of(const std::string& name, TaskOptions TaskKind::*stage) {
  std::vector<Meaning> meanings;
  for (const TaskKind& kind : task_kinds()) {
    const TaskOption* option = (kind.*stage).find(name);
    if (!option) continue;
    const std::string value = text_of(option->value);
    auto at = std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& m) {
      return m.help == option->help && m.value == value;
    });
    if (at == meanings.end()) at = meanings.insert(at, {option->help, value, {}});
    at->kinds.push_back(kind.name);
  }
  return meanings;
}

// "classification, regression (slow): ..; choice (google): ..", with one text for neighbours that
// differ in their defaults alone.
std::string help_of(const std::vector<Meaning>& meanings) {
  if (meanings.size() == 1) return meanings.front().help;
  std::string help;
  for (size_t i = 0; i < meanings.size(); ++i) {
    const auto& [text, value, kinds] = meanings[i];
    help += joined(kinds) + (value.empty() ? "" : " (" + value + ")");
    const bool last = i + 1 == meanings.size();
    help += !last && meanings[i + 1].help == text ? "; " : ": " + text + (last ? "" : "; ");
  }
  return help;
}

void declare_one(Command& command, const std::string& name, TaskValue& value,
                 const std::vector<Meaning>& meanings) {
  const std::string help = help_of(meanings);
  std::visit(
      [&](auto& typed) {
        using T = std::decay_t<decltype(typed)>;
        if constexpr (std::is_same_v<T, bool>)
          command.boolean(name, typed, help);
        else if constexpr (std::is_same_v<T, std::vector<float>>)
          command.list(name, typed, help);
        else
          command.option(name, typed, help);
      },
      value);
  command.omit_unless_set(name);  // another kind or task may have another default
  if (meanings.size() > 1) command.hide_default(name);
}

}  // namespace

void TaskFlags::declare(Command& command) {
  for (const TaskKind& kind : task_kinds())
    for (const TaskOption& option : (kind.*stage_).all()) {
      const auto [at, is_new] = values_.emplace(option.name, option.value);
      if (is_new) declare_one(command, option.name, at->second, meanings_of(option.name, stage_));
      for (const std::string& other : option.also)
        if (!command.has(other)) command.alias(option.name, {other});
    }
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
