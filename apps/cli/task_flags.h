#pragma once
#include <map>
#include <string>

#include "albert/trainer/tasks/registry.h"
#include "apps/cli/command.h"

namespace albert::apps {

// The options of all kinds of tasks at one stage (TaskKind::training, prediction or scoring), each
// declared once. Which of them count is known when the kind is.
class TaskFlags {
 public:
  explicit TaskFlags(TaskOptions TaskKind::*stage) : stage_(stage) {}

  void declare(Command& command);
  // The options of `kind`: the user's values, else those of `settings`, else the kind's.
  // Error(kUsage) for an option that was given and that this kind does not have.
  TaskOptions chosen(const Command& command, const TaskKind& kind,
                     const std::map<std::string, TaskValue>& settings = {}) const;

 private:
  TaskOptions TaskKind::*stage_;
  std::map<std::string, TaskValue> values_;
};

std::vector<std::string> task_names();

}  // namespace albert::apps
