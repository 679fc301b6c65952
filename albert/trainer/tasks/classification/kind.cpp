#include "albert/trainer/tasks/classification/kind.h"

#include "albert/trainer/tasks/classification/examples.h"
#include "albert/trainer/tasks/classification/stages.h"

namespace albert {

TaskKind classification_kind() {
  namespace option = classification_options;
  const TaskOption label_column{option::kLabelColumn, std::string("label"),
                                "column or key of the label"};
  const TaskOption labels{option::kLabels, std::string(),
                          "VALUE=NAME,.. of the labels in the files; else as found"};
  TaskKind kind;
  kind.name = "classification";
  kind.architecture = "AlbertForSequenceClassification";
  kind.training = {text_column_option(),
                   pair_column_option(),
                   label_column,
                   labels,
                   {option::kClassWeights, std::vector<float>(), "one weight a class, by commas"},
                   {option::kLabelSmoothing, 0.0, "0 to 1"},
                   {option::kFreshClassifier, false,
                    "start the classifier at random, whatever labels the model was trained for"}};
  kind.prediction = {text_column_option(), pair_column_option()};
  kind.scoring = {label_column, labels};
  kind.make_task = make_classification_task;
  kind.make_predictor = make_classification_predictor;
  kind.score = score_classification;
  return kind;
}

}  // namespace albert
