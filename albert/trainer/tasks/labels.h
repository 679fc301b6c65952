#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace albert {

struct TaskLabel {
  std::string value;  // in the files
  std::string name;   // for people, and in config.json's id2label
};
using TaskLabels = std::vector<TaskLabel>;

// "0=negative,1=positive", or "negative,positive" where files hold the names. Error(kUsage).
TaskLabels parse_labels(const std::string& text);

// Labels of files whose task names none: each value once, ascending, numbers as numbers.
TaskLabels labels_found(const std::vector<std::string>& values);

// The label of this value or name; names in other letter case count where no other label has them.
std::optional<size_t> find_label(const TaskLabels& labels, const std::string& text);

// The same. Error(kBadData) "place: found the label .., wanted .." where there is none.
size_t label_at(const std::string& place, const std::string& text, const TaskLabels& labels);

std::vector<std::string> values_of(const TaskLabels& labels);
std::vector<std::string> names_of(const TaskLabels& labels);

// What a folder says of its classifier's outputs.
struct ModelLabels {
  std::string folder;
  std::vector<std::string> names;  // id2label
  bool trained = false;            // there are weights for them
};

// The labels in the order of the model's outputs: its own where they have all of `data`, by name; a
// trained one's numbers where it has no names but LABEL_0, LABEL_1, ..; else those of the data.
// Error(kMismatch) naming the labels that a trained classifier does not have.
TaskLabels labels_of_outputs(const TaskLabels& data, const ModelLabels& model);

}  // namespace albert
