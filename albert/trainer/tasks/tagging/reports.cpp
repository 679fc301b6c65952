#include "albert/trainer/tasks/tagging/reports.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

using nlohmann::ordered_json;

std::vector<std::string> types_of(const std::vector<std::string>& labels) {
  std::set<std::string> types;
  for (const auto& label : labels)
    if (label != "O" && is_entity_tag(label)) types.insert(label.substr(2));
  return {types.begin(), types.end()};
}

void add_counts(Metrics& metrics, const std::string& prefix, const EntityCounts& counts) {
  metrics.set(prefix + "precision", counts.precision());
  metrics.set(prefix + "recall", counts.recall());
  metrics.set(prefix + "f1", counts.f1());
}

EntityScores scores_of(const TagSequences& predicted, const TagSequences& right, EntityMode mode,
                       TagScheme scheme) {
  if (mode == EntityMode::kConlleval) return conlleval_scores(predicted, right);
  return mode == EntityMode::kStrict ? strict_seqeval_scores(predicted, right, scheme)
                                     : seqeval_scores(predicted, right);
}

ordered_json json_of(const EntityCounts& counts, double unit) {
  return {{"precision", unit * counts.precision()},
          {"recall", unit * counts.recall()},
          {"f1", unit * counts.f1()}};
}

// In seqeval's fractions, or with `unit` 100 in percent.
ordered_json json_of(const EntityScores& scores, double unit) {
  ordered_json json = json_of(scores.all(), unit);
  json["accuracy"] = unit * scores.accuracy();
  json["macro_f1"] = unit * scores.macro_f1();
  json["weighted_f1"] = unit * scores.weighted_f1();
  json["words"] = scores.tags;
  json["entities"] = scores.all().right;
  for (const auto& [type, counts] : scores.types) {
    ordered_json& of_type = json["by_type"][type] = json_of(counts, unit);
    of_type["number"] = counts.right;
    of_type["predicted"] = counts.predicted;
  }
  return json;
}

ordered_json json_of_classes(const TagSequences& predicted, const TagSequences& right) {
  const auto labels = labels_in(predicted, right);
  const Confusion confusion = confusion_in(predicted, right, labels);
  ordered_json json = {{"accuracy", accuracy(confusion)}, {"macro_f1", macro_f1(confusion)}};
  for (size_t i = 0; i < labels.size(); ++i)
    json["f1_by_label"][labels[i]] = f1_of_class(confusion, i);
  return json;
}

std::string text_of(const ordered_json& scores) {
  std::ostringstream out;
  for (const auto& [name, value] : scores.items())
    if (!value.is_object()) out << name << " " << value << "\n";
  const ordered_json types = scores.value("by_type", ordered_json::object()),
                     labels = scores.value("f1_by_label", ordered_json::object());
  for (const auto& [type, counts] : types.items()) {
    out << type << ":";
    for (const auto& [name, value] : counts.items()) out << "  " << name << " " << value;
    out << "\n";
  }
  for (const auto& [label, f1] : labels.items()) out << label << ":  f1 " << f1 << "\n";
  return out.str();
}

}  // namespace

std::vector<std::string> labels_in(const TagSequences& predicted, const TagSequences& right) {
  std::set<std::string> labels;
  for (const TagSequences* sentences : {&predicted, &right})
    for (const auto& sentence : *sentences) labels.insert(sentence.begin(), sentence.end());
  return {labels.begin(), labels.end()};
}

Confusion confusion_in(const TagSequences& predicted, const TagSequences& right,
                       const std::vector<std::string>& labels) {
  const auto classes_of = [&](const TagSequences& sentences) {
    std::vector<int64_t> classes;
    for (const auto& sentence : sentences)
      for (const auto& label : sentence)
        classes.push_back(std::lower_bound(labels.begin(), labels.end(), label) - labels.begin());
    return classes;
  };
  return confusion_of(classes_of(predicted), classes_of(right),
                      static_cast<int64_t>(labels.size()));
}

EntityMode entity_mode_named(const std::string& name) {
  if (name == "default") return EntityMode::kDefault;
  if (name == "strict") return EntityMode::kStrict;
  if (name != "conlleval")
    fail(ErrorCode::kUsage, "--mode ", printable(name),
         ": wanted one of default, strict, conlleval");
  return EntityMode::kConlleval;
}

bool has_entities(const std::vector<std::string>& labels) {
  return std::any_of(labels.begin(), labels.end(),
                     [](const auto& label) { return label != "O" && is_entity_tag(label); });
}

Metrics metrics_of(const TagSequences& predicted, const TagSequences& right,
                   const std::vector<std::string>& labels, bool by_type) {
  if (!has_entities(labels)) {
    const auto found = labels_in(predicted, right);
    const Confusion confusion = confusion_in(predicted, right, found);
    return {{"accuracy", accuracy(confusion)}, {"macro_f1", macro_f1(confusion)}};
  }
  const EntityScores scores = seqeval_scores(predicted, right);
  Metrics metrics;
  add_counts(metrics, "", scores.all());
  metrics.set("accuracy", scores.accuracy());
  for (const auto& type : by_type ? types_of(labels) : std::vector<std::string>()) {
    const auto at = scores.types.find(type);
    const EntityCounts counts = at == scores.types.end() ? EntityCounts() : at->second;
    add_counts(metrics, type + "_", counts);
    metrics.set(type + "_number", static_cast<double>(counts.right));
  }
  return metrics;
}

std::vector<std::string> tagging_metric_names(const std::vector<std::string>& labels,
                                              bool by_type) {
  std::vector<std::string> names;
  const Metrics metrics = metrics_of({}, {}, labels, by_type);
  for (const auto& [name, value] : metrics.values()) names.push_back(name);
  return names;
}

TaggingReport report_of(const TagSequences& predicted, const TagSequences& right, EntityMode mode,
                        TagScheme scheme) {
  ordered_json json = {{"sentences", right.size()}};
  if (!has_entities(labels_in(predicted, right))) {
    json.update(json_of_classes(predicted, right));
    return {json.dump(), text_of(json)};
  }
  const EntityScores scores = scores_of(predicted, right, mode, scheme);
  const bool conlleval = mode == EntityMode::kConlleval;
  json.update(json_of(scores, conlleval ? 100 : 1));
  return {json.dump(), conlleval ? conlleval_report(scores) : text_of(json)};
}

}  // namespace albert
