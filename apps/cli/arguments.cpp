#include "apps/cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>

#include "albert/base/ascii.h"
#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/base/nearest.h"
#include "albert/base/printable.h"

namespace albert::apps {
namespace {

using nlohmann::ordered_json;

bool is_option(const std::string& argument) {
  return argument.size() > 2 && argument.rfind("--", 0) == 0;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// "--train-batch-size=8" as {"train_batch_size", "=8"}.
std::pair<std::string, std::string> name_and_value(const std::string& option) {
  const size_t value = std::min(option.find('='), option.size());
  std::string name = option.substr(2, value - 2);
  std::replace(name.begin(), name.end(), '-', '_');
  return {name, option.substr(value)};
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_true(const std::string& value) {
  return contains({"true", "1", "yes", "on"}, ascii_lower(value));
}
bool is_truth(const std::string& value) {
  return is_true(value) || contains({"false", "0", "no", "off"}, ascii_lower(value));
}

constexpr uint64_t kMaxConfig = 1 << 20;

// A value as a user would type it; those of a list with commas between them.
std::string typed(const std::string& path, const std::string& key, const ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return value.dump();
  if (value.is_array()) {
    std::string list;
    for (const auto& item : value) list += (list.empty() ? "" : ",") + typed(path, key, item);
    return list;
  }
  fail(ErrorCode::kUsage, path, ": ", key, ": found ", describe(nlohmann::json(value)),
       ", wanted a string, a number, true, false or a list");
}

using Entries = std::vector<std::pair<std::string, std::string>>;

Entries entries_of(const std::string& path, const ordered_json& object) {
  Entries entries;
  for (const auto& [key, value] : object.items())
    if (!value.is_null()) entries.emplace_back(key, typed(path, key, value));
  return entries;
}

Entries json_entries(const std::string& path) {
  const auto object = parse_ordered_json(path, read_text_file(path, kMaxConfig));
  if (!object.is_object())
    fail(ErrorCode::kUsage, path, ": found ", describe(nlohmann::json(object)),
         ", wanted an object");
  return entries_of(path, object);
}

Entries toml_entries(const std::string& path) {
  std::istringstream text(read_text_file(path, kMaxConfig));
  Entries entries;
  try {
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(text)) {
      std::string value;
      for (const auto& input : item.inputs) value += (value.empty() ? "" : ",") + input;
      if (item.name != "++" && item.name != "--") entries.emplace_back(item.fullname(), value);
    }
  } catch (const CLI::Error& e) {
    fail(ErrorCode::kUsage, path, ": ", e.what());
  }
  return entries;
}

}  // namespace

std::vector<std::string> normalised_arguments(const std::vector<std::string>& arguments,
                                              const Command& command) {
  std::vector<std::string> result;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!is_option(arguments[i])) {
      result.push_back(arguments[i]);
      continue;
    }
    auto [name, value] = name_and_value(arguments[i]);
    if (command.is_boolean(name)) {
      if (value.empty() && i + 1 < arguments.size() && is_truth(arguments[i + 1]))
        value = "=" + arguments[++i];
      if (!value.empty() && !is_truth(value.substr(1)))
        fail(ErrorCode::kUsage, "--", name, " ", printable(value.substr(1)),
             ": wanted true or false");
    }
    const std::string& meaning = command.meaning_of(name);
    if (meaning.find('=') == std::string::npos)
      result.push_back("--" + meaning + value);
    else if (value.empty() || is_true(value.substr(1)))
      result.push_back("--" + meaning);
  }
  return result;
}

std::vector<std::string> config_arguments(const std::string& path, const Command& command) {
  std::vector<std::string> arguments;
  for (auto& [key, value] : ends_with(path, ".json") ? json_entries(path) : toml_entries(path)) {
    const std::string name = name_and_value("--" + key).first;
    if (!contains(command.names(), name)) {
      const std::string near = nearest_name(name, command.names());
      fail(ErrorCode::kUsage, path, ": unknown key ", key,
           near.empty() ? "" : " (did you mean " + near + "?)");
    }
    if (!value.empty())
      arguments.push_back("--" + name + "=" + value);  // empty: as if it were not there
  }
  return normalised_arguments(arguments, command);
}

std::vector<std::string> arguments_of(const std::string& place, const ordered_json& object) {
  std::vector<std::string> arguments;
  for (const auto& [name, value] : entries_of(place, object))
    if (!value.empty()) arguments.push_back("--" + name + "=" + value);
  return arguments;
}

std::string take_config(std::vector<std::string>& arguments, const Command& command) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--config" && i + 1 < arguments.size()) {
      const std::string path = arguments[i + 1];
      arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i),
                      arguments.begin() + static_cast<std::ptrdiff_t>(i) + 2);
      return path;
    }
    if (arguments[i].rfind("--config=", 0) == 0) {
      const std::string path = arguments[i].substr(9);
      arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i));
      return path;
    }
  }
  const bool lone =
      arguments.size() == 1 && ends_with(arguments[0], ".json") && !command.has_positional();
  if (!lone) return "";
  const std::string path = arguments[0];
  arguments.clear();
  return path;
}

}  // namespace albert::apps
