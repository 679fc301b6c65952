#include "albert/trainer/tasks/tagging/kind.h"

#include "albert/trainer/tasks/rdrop_option.h"
#include "albert/trainer/tasks/tagging/stages.h"

namespace albert {
namespace {

namespace option = tagging_options;

TaskOption text_column() {
  return {option::kTextColumn,
          "",
          "column or key of the words; else the first column, or tokens",
          {"text_column_name"}};
}

TaskOption label_column() {
  return {option::kLabelColumn,
          "",
          "column or key of the labels; else the last column, or ner_tags, tags or labels",
          {"label_column_name"}};
}

TaskOption labels() {
  return {option::kLabels, "", "VALUE=NAME,.. of the labels in the files; else as found"};
}

TaskOption stride() {
  return {option::kStride, TokenWindowOptions().stride,
          "tokens that a window shares with the one before"};
}

TaskOption scheme(const char* help) { return {option::kScheme, "auto", help}; }

}  // namespace

TagColumns tag_columns(const TaskOptions& options) {
  return {options.get<std::string>(option::kTextColumn),
          options.get<std::string>(option::kLabelColumn)};
}

TokenWindowOptions token_windows(const TaskOptions& options,
                                 std::optional<int64_t> max_seq_length) {
  return {max_seq_length, options.get<int64_t>(option::kStride)};
}

TaskKind tagging_kind() {
  TaskKind kind;
  kind.name = "tagging";
  kind.architecture = "AlbertForTokenClassification";
  kind.training = {
      text_column(),
      label_column(),
      labels(),
      scheme("auto, none, or which one all files must keep to: IOB1, IOB2, IOE1, "
             "IOE2, IOBES, BILOU"),
      stride(),
      {option::kAllTokens, false, "train on every token of a word, not on the first alone"},
      {option::kByType, false, "evaluation also gives the scores of each type"},
      {option::kClassWeights, std::vector<float>(), "one weight a class, by commas"},
      {option::kLabelSmoothing, 0.0, "0 to 1"},
      rdrop_option(),
      {option::kFreshClassifier, false,
       "start the classifier at random, whatever answers the model was trained for"}};
  kind.prediction = {text_column(),
                     label_column(),
                     labels(),
                     stride(),
                     {option::kAggregation, "first",
                      "how tokens become entities: none, simple, first, average or max"}};
  kind.scoring = {
      text_column(),
      label_column(),
      labels(),
      {option::kMode, "default", "default and strict as seqeval, or conlleval as conlleval.pl"},
      scheme("of --mode strict: auto, IOB1, IOB2, IOE1, IOE2, IOBES or BILOU")};
  kind.make_task = make_tagging_task;
  kind.make_predictor = make_tagging_predictor;
  kind.score = score_tagging;
  kind.predict_file = predict_tagged_file;
  kind.official_form = [](const std::filesystem::path& file) -> std::string {
    return holds_tag_columns(file) ? "CoNLL's columns" : "";
  };
  return kind;
}

}  // namespace albert
