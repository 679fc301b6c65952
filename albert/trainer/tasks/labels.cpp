#include "albert/trainer/tasks/labels.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "albert/base/ascii.h"
#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

// The number that `text` spells in plain digits.
std::optional<size_t> number_in(const std::string& text) {
  size_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || text.size() > 9) return std::nullopt;
  return number;
}

std::string listed(std::vector<std::string> names) {
  for (auto& name : names) name = printable(name);
  return joined_first(names, 10);
}

bool only_default_names(const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] != "LABEL_" + std::to_string(i)) return false;
  return true;
}

TaskLabels named_alike(const std::vector<std::string>& names) {
  TaskLabels labels;
  for (const auto& name : names) labels.push_back({name, name});
  return labels;
}

// The model's labels under the data's values; nothing where the model lacks one of the data's.
std::optional<TaskLabels> matched(const TaskLabels& data, const std::vector<std::string>& names) {
  TaskLabels labels = named_alike(names);
  std::set<size_t> taken;
  for (const TaskLabel& label : data) {
    const auto at = find_label(named_alike(names), label.name);
    if (!at || !taken.insert(*at).second) return std::nullopt;
    labels[*at].value = label.value;
  }
  return labels;
}

// "0", "1", .. for the outputs of a model without names, where the data's labels are such numbers.
std::optional<TaskLabels> numbered(const TaskLabels& data, size_t outputs) {
  std::vector<std::string> numbers;
  for (size_t i = 0; i < outputs; ++i) numbers.push_back(std::to_string(i));
  for (const TaskLabel& label : data)
    if (label.value != label.name || !number_in(label.value)) return std::nullopt;
  return matched(data, numbers);
}

[[noreturn]] void fail_mismatch(const TaskLabels& data, const ModelLabels& model) {
  std::vector<std::string> foreign;
  for (const auto& name : names_of(data))
    if (!find_label(named_alike(model.names), name)) foreign.push_back(name);
  const std::string wanted = listed(model.names);
  if (foreign.empty())
    fail(ErrorCode::kMismatch, "the data: two labels stand for one of the model's, ", wanted,
         "; map them with --labels VALUE=NAME,..");
  fail(ErrorCode::kMismatch, "the data: found the label", foreign.size() > 1 ? "s " : " ",
       listed(foreign), ", wanted those of the trained classifier in ", model.folder, ": ", wanted,
       "; map them with --labels VALUE=NAME,.., or begin a new classifier with --fresh_classifier");
}

[[noreturn]] void fail_count(const TaskLabels& data, const ModelLabels& model) {
  fail(ErrorCode::kMismatch, "the data: found ", data.size(), " labels, ", listed(names_of(data)),
       ", wanted the ", model.names.size(), " of the trained classifier in ", model.folder,
       "; name all in its order with --labels, or begin a new classifier with --fresh_classifier");
}

}  // namespace

TaskLabels parse_labels(const std::string& text) {
  TaskLabels labels;
  std::set<std::string> values, names;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string item = text.substr(begin, end - begin);
    const size_t equals = std::min(item.find('='), item.size());
    const std::string value = item.substr(0, equals),
                      name = equals == item.size() ? value : item.substr(equals + 1);
    if (value.empty() || name.empty() || !values.insert(value).second || !names.insert(name).second)
      fail(ErrorCode::kUsage, "--labels: found ", in_quotes(item),
           ", wanted VALUE=NAME or NAME, each once, by commas");
    labels.push_back({value, name});
    begin = end + 1;
  }
  return labels;
}

TaskLabels labels_found(const std::vector<std::string>& values) {
  const std::set<std::string> each(values.begin(), values.end());
  TaskLabels labels = named_alike({each.begin(), each.end()});
  const auto is_number = [](const TaskLabel& l) { return number_in(l.value).has_value(); };
  if (std::all_of(labels.begin(), labels.end(), is_number))
    std::stable_sort(labels.begin(), labels.end(), [](const TaskLabel& a, const TaskLabel& b) {
      return *number_in(a.value) < *number_in(b.value);
    });
  return labels;
}

std::optional<size_t> find_label(const TaskLabels& labels, const std::string& text) {
  for (size_t i = 0; i < labels.size(); ++i)
    if (text == labels[i].value) return i;
  for (size_t i = 0; i < labels.size(); ++i)
    if (text == labels[i].name) return i;
  std::optional<size_t> found;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (ascii_lower(text) != ascii_lower(labels[i].name)) continue;
    if (found) return std::nullopt;
    found = i;
  }
  return found;
}

size_t label_at(const std::string& place, const std::string& text, const TaskLabels& labels) {
  const auto at = find_label(labels, text);
  if (at) return *at;
  const auto values = values_of(labels), names = names_of(labels);
  fail(ErrorCode::kBadData, place, ": found the label ", in_quotes(text), ", wanted ",
       one_of(names), values == names ? "" : ", in files " + joined(values));
}

std::vector<std::string> values_of(const TaskLabels& labels) {
  std::vector<std::string> values;
  for (const TaskLabel& label : labels) values.push_back(label.value);
  return values;
}

std::vector<std::string> names_of(const TaskLabels& labels) {
  std::vector<std::string> names;
  for (const TaskLabel& label : labels) names.push_back(label.name);
  return names;
}

TaskLabels labels_of_outputs(const TaskLabels& data, const ModelLabels& model) {
  if (auto own = matched(data, model.names)) return *own;
  if (!model.trained) return data;
  if (!only_default_names(model.names)) fail_mismatch(data, model);
  if (auto numbers = numbered(data, model.names.size())) return *numbers;
  if (data.size() != model.names.size()) fail_count(data, model);
  return data;
}

}  // namespace albert
