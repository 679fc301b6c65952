// From files and a folder to a classifier that is ready to be trained.
#include <algorithm>
#include <set>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/engine/weights/weight_source.h"
#include "albert/trainer/tasks/classification/examples.h"
#include "albert/trainer/tasks/classification/labels.h"
#include "albert/trainer/tasks/classification/stages.h"
#include "albert/trainer/tasks/classification/task.h"
#include "albert/trainer/tasks/starting_model.h"

namespace albert {
namespace {

namespace option = classification_options;

constexpr const char* kArchitecture = "AlbertForSequenceClassification";
constexpr const char* kClassifier = "classifier.";

struct Files {
  std::vector<TextExample> training, validation;
};

Files read_files(const FinetuningRequest& request) {
  const TextColumns columns = text_columns(request.options);
  const auto& label = request.options.get<std::string>(option::kLabelColumn);
  return {read_text_examples(request.train_file, columns, label, request.max_train_samples),
          read_text_examples(request.validation_file, columns, label, request.max_eval_samples)};
}

std::vector<std::string> labels_in(const std::vector<TextExample>& examples) {
  std::vector<std::string> labels;
  for (const TextExample& example : examples) labels.push_back(example.label);
  return labels;
}

// The number of each example's label.
std::vector<int64_t> label_ids(const std::filesystem::path& file,
                               const std::vector<TextExample>& examples, const TaskLabels& labels) {
  std::vector<int64_t> ids;
  for (const TextExample& example : examples) {
    const auto at = find_label(labels, example.label);
    if (!at)
      fail(ErrorCode::kBadData, file.string(), ": example ", ids.size() + 1, ": found the label ",
           in_quotes(example.label), ", wanted ", one_of(values_of(labels)));
    ids.push_back(static_cast<int64_t>(*at));
  }
  return ids;
}

// As the task names them, which both files must keep to; else those of the training data.
TaskLabels labels_of_data(const FinetuningRequest& request, const Files& files) {
  const auto& named = request.options.get<std::string>(option::kLabels);
  if (named.empty()) return labels_found(labels_in(files.training));
  TaskLabels labels = parse_labels(named);
  label_ids(request.train_file, files.training, labels);
  label_ids(request.validation_file, files.validation, labels);
  return labels;
}

// Whether the classifier starts at random: asked for, or the folder's is of another head, or there
// is none.
bool is_new_classifier(const FinetuningRequest& request, const AlbertConfig& config) {
  const auto& heads = config.architectures;
  const bool foreign =
      !heads.empty() && std::find(heads.begin(), heads.end(), kArchitecture) == heads.end();
  if (request.model.empty() || foreign || request.options.get<bool>(option::kFreshClassifier))
    return true;
  return !open_weights(request.model)->tensors().contains("classifier.weight");
}

// A trained classifier goes on as what it is: it must choose one of the labels, by distinct names.
void check_trained(const std::filesystem::path& folder, const AlbertConfig& config) {
  const std::string wanted = "single_label_classification";
  const std::string remedy = "; begin a new classifier with --fresh_classifier";
  if (!config.problem_type.empty() && config.problem_type != wanted)
    fail(ErrorCode::kMismatch, folder.string(), ": config.json: problem_type: found ",
         config.problem_type, ", wanted ", wanted, remedy);
  std::set<std::string> names;
  for (const auto& [id, name] : config.id2label)
    if (!names.insert(name).second)
      fail(ErrorCode::kMismatch, folder.string(), ": config.json: id2label: found ",
           in_quotes(name), " twice, wanted each name once", remedy);
}

// The labels in the order of the model's outputs.
TaskLabels choose_labels(const FinetuningRequest& request, const AlbertConfig& config,
                         const TaskLabels& data, bool is_new) {
  if (!is_new) check_trained(request.model, config);
  if (request.model.empty() || request.options.get<bool>(option::kFreshClassifier)) return data;
  ModelLabels model{request.model.string(), {}, !is_new};
  for (const auto& [id, name] : config.id2label) model.names.push_back(name);
  return labels_of_outputs(data, model);
}

LossOptions loss_of(const TaskOptions& options, const TaskLabels& labels) {
  LossOptions loss;
  loss.class_weights = options.get<std::vector<float>>(option::kClassWeights);
  loss.label_smoothing = options.get<double>(option::kLabelSmoothing);
  if (!loss.class_weights.empty() && loss.class_weights.size() != labels.size())
    fail(ErrorCode::kUsage, "--class_weights: found ", loss.class_weights.size(), ", wanted ",
         labels.size(), ", one for each of ", printable(joined(names_of(labels))));
  return loss;
}

ClassificationExamples encoded(const std::vector<TextExample>& examples,
                               std::vector<int64_t> labels, const TextEncoder& encoder) {
  ClassificationExamples result;
  for (const TextExample& example : examples) result.inputs.push_back(encoder.encode(example.text));
  result.labels = std::move(labels);
  return result;
}

AlbertForSequenceClassification start_classifier(const FinetuningRequest& request,
                                                 AlbertConfig config, const TaskLabels& labels,
                                                 bool is_new) {
  config.id2label.clear();
  for (size_t i = 0; i < labels.size(); ++i)
    config.id2label[static_cast<int64_t>(i)] = labels[i].name;
  config.problem_type = "single_label_classification";
  AlbertForSequenceClassification model(config);
  start_model(model, request, is_new ? kClassifier : "");
  return model;
}

}  // namespace

std::unique_ptr<FinetuningTask> make_classification_task(const FinetuningRequest& request,
                                                         const Communicator& ranks) {
  const Files files = read_files(request);
  const TaskLabels data = labels_of_data(request, files);
  const AlbertConfig config = starting_config(request);
  const bool is_new = is_new_classifier(request, config);
  const TaskLabels labels = choose_labels(request, config, data, is_new);
  const auto tokenizer =
      Tokenizer::from_pretrained(request.tokenizer.empty() ? request.model : request.tokenizer);
  const TextEncoder encoder(tokenizer, config, request.max_seq_length, 128);
  if (!encoder.warning().empty()) request.warn(encoder.warning());
  const LossOptions loss = loss_of(request.options, labels);
  auto training =
           encoded(files.training, label_ids(request.train_file, files.training, labels), encoder),
       validation = encoded(files.validation,
                            label_ids(request.validation_file, files.validation, labels), encoder);
  return std::make_unique<ClassificationTask>(
      ClassificationTask::Parts{start_classifier(request, config, labels, is_new), tokenizer,
                                std::move(training), std::move(validation), loss},
      request.sizes, ranks);
}

}  // namespace albert
