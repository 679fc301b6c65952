#include "albert/trainer/tasks/classification/kind.h"

#include "albert/trainer/tasks/classification/examples.h"
#include "albert/trainer/tasks/classification/stages.h"
#include "albert/trainer/tasks/rdrop_option.h"

namespace albert {
namespace {

namespace option = classification_options;
using Options = std::vector<TaskOption>;

Options operator+(Options a, const Options& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Options label_column() {
  return {{option::kLabelColumn, "label", "column or key of the answer", {"label_column_name"}}};
}

Options labels() {
  return {{option::kLabels, "", "VALUE=NAME,.. of the labels in the files; else as found"}};
}

Options metrics(const char* names) {
  return {{option::kMetrics, names, "what evaluation computes, by commas (docs/tasks.md)"}};
}

Options fresh_classifier() {
  return {{option::kFreshClassifier, false,
           "start the classifier at random, whatever answers the model was trained for"}};
}

Options class_weights() {
  return {{option::kClassWeights, std::vector<float>(), "one weight a class, by commas"}};
}

Options label_columns() {
  return {{option::kLabelColumns, "",
           "columns or keys of 0 or 1, one for each label, by commas; else label_column holds the "
           "labels"}};
}

template <Problem problem>
TaskKind kind_of(const char* name, const Options& answers, const Options& training,
                 const Options& evaluation) {
  TaskKind kind;
  kind.name = name;
  kind.architecture = "AlbertForSequenceClassification";
  const Options short_rows = {short_rows_flag()}, columns = {columns_flag()};
  kind.training = text_flags() + short_rows + answers + training + evaluation + fresh_classifier();
  kind.prediction = text_flags() + labels();
  kind.scoring = columns + short_rows + answers + evaluation;
  kind.make_task = [](const FinetuningRequest& request) {
    return make_classification_task(problem, request);
  };
  kind.make_predictor = make_classification_predictor;
  kind.score = [](const ScoringRequest& request) { return score_classification(problem, request); };
  kind.predict_file = predict_official_file;
  return kind;
}

}  // namespace

TaskKind classification_kind() {
  return kind_of<Problem::kSingleLabel>(
      "classification", label_column() + labels(),
      class_weights() + Options{{option::kLabelSmoothing, 0.0, "0 to 1"}, rdrop_option()},
      metrics("accuracy"));
}

TaskKind multilabel_kind() {
  return kind_of<Problem::kMultiLabel>("multilabel", label_column() + label_columns() + labels(),
                                       class_weights(),
                                       metrics("accuracy,micro_f1,macro_f1,samples_f1"));
}

TaskKind regression_kind() {
  return kind_of<Problem::kRegression>("regression", label_column(), {},
                                       metrics("pearson,spearmanr,mse"));
}

}  // namespace albert
