#pragma once
// Scores of labels under the names of transformers' run_ner.

#include "albert/trainer/loop/metrics.h"
#include "albert/trainer/tasks/scores/classes.h"
#include "albert/trainer/tasks/scores/entities.h"

namespace albert {

// Whose rules entities are counted by.
enum class EntityMode : uint8_t { kDefault, kStrict, kConlleval };
// Error(kUsage) for other names than default, strict and conlleval.
EntityMode entity_mode_named(const std::string& name);

// Each label of either, ascending.
std::vector<std::string> labels_in(const TagSequences& predicted, const TagSequences& right);
// Of words; `labels` ascend and are all that there are.
Confusion confusion_in(const TagSequences& predicted, const TagSequences& right,
                       const std::vector<std::string>& labels);

// Whether these labels are of entities: one of them begins with the prefix of a scheme.
bool has_entities(const std::vector<std::string>& labels);

// precision, recall, f1 and accuracy of seqeval's default, with `by_type` also PER_precision, ..;
// where labels are of no entities accuracy and macro_f1. `labels` are all that there are.
Metrics metrics_of(const TagSequences& predicted, const TagSequences& right,
                   const std::vector<std::string>& labels, bool by_type);
std::vector<std::string> tagging_metric_names(const std::vector<std::string>& labels, bool by_type);

struct TaggingReport {
  std::string json;  // one line
  std::string text;  // a line for each; under kConlleval what conlleval.pl prints
};
// `scheme` is that of kStrict. Under kConlleval numbers are percent, as there.
TaggingReport report_of(const TagSequences& predicted, const TagSequences& right, EntityMode mode,
                        TagScheme scheme);

}  // namespace albert
