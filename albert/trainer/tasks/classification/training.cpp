// From files and a folder to a model that is ready to be trained.
#include <algorithm>
#include <set>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/base/split.h"
#include "albert/trainer/tasks/classification/answers.h"
#include "albert/trainer/tasks/classification/row_list.h"
#include "albert/trainer/tasks/classification/stages.h"
#include "albert/trainer/tasks/classification/task.h"
#include "albert/trainer/tasks/labels.h"
#include "albert/trainer/tasks/rdrop_option.h"
#include "albert/trainer/tasks/starting_model.h"

namespace albert {
namespace {

namespace option = classification_options;

constexpr const char* kArchitecture = "AlbertForSequenceClassification";

struct Files {
  std::vector<TextExample> training;
  std::vector<std::pair<std::string, std::vector<TextExample>>> validation;  // by suffix
};

class FileReader {
 public:
  FileReader(Problem problem, const FinetuningRequest& request)
      : request_(request),
        columns_(text_columns(request.options)),
        answer_(answer_columns(problem, request.options)) {}

  Files read() const {
    const ExampleChoice evaluated{request_.max_eval_samples}, trained{request_.max_train_samples};
    if (!request_.held_out.file.empty()) return split_file(trained, evaluated);
    Files files{examples(request_.train_file, trained), {}};
    files.validation.emplace_back("", examples(request_.validation_file, evaluated));
    for (const auto& [suffix, file] : request_.more_validation_files)
      files.validation.emplace_back(suffix, examples(file, evaluated));
    return files;
  }

 private:
  // One file, of which a list says what is evaluated.
  Files split_file(ExampleChoice trained, ExampleChoice evaluated) const {
    const RowList held_out(request_.held_out);
    trained.wanted = [&](const Record& record) { return !held_out.has(record); };
    evaluated.wanted = [&](const Record& record) { return held_out.has(record); };
    Files files{examples(request_.train_file, trained), {}};
    files.validation.emplace_back("", examples(request_.train_file, evaluated));
    const size_t found = files.validation.front().second.size();
    if (evaluated.most <= 0 && found != held_out.size())
      fail(ErrorCode::kBadData, request_.held_out.file.string(), ": found ", held_out.size(),
           " rows, of which ", request_.train_file.string(), " has ", found,
           ", wanted all of them");
    return files;
  }

  std::vector<TextExample> examples(const std::filesystem::path& file,
                                    const ExampleChoice& choice) const {
    int64_t short_rows = 0;
    auto result = read_text_examples(file, columns_, answer_, choice, short_rows);
    if (short_rows > 0)
      request_.note(file.string() + ": left out " + std::to_string(short_rows) +
                    " rows with too few columns");
    return result;
  }

  const FinetuningRequest& request_;
  TextColumns columns_;
  AnswerColumns answer_;
};

std::vector<PlacedAnswer> answers_of(const std::vector<TextExample>& examples) {
  std::vector<PlacedAnswer> answers;
  for (const TextExample& example : examples) answers.push_back(example.answer);
  return answers;
}

TaskLabels found_labels(const std::vector<TextExample>& examples) {
  std::vector<std::string> labels;
  for (const TextExample& example : examples)
    labels.insert(labels.end(), example.answer.labels.begin(), example.answer.labels.end());
  if (labels.empty()) fail(ErrorCode::kBadData, "the training data: found no label in it");
  return labels_found(labels);
}

// As the task names them, which all files must keep to; else those of the training data. A number
// has the name of its column.
TaskLabels labels_of_data(Problem problem, const TaskOptions& options, const Files& files) {
  if (problem == Problem::kRegression) {
    const auto& column = options.get<std::string>(option::kLabelColumn);
    return {{column, column}};
  }
  const auto& columns =
      problem == Problem::kMultiLabel ? options.get<std::string>(option::kLabelColumns) : "";
  const auto& named = options.get<std::string>(option::kLabels);
  if (named.empty()) return columns.empty() ? found_labels(files.training) : parse_labels(columns);
  TaskLabels labels = parse_labels(named);
  answers_in(problem, answers_of(files.training), labels);
  for (const auto& [suffix, examples] : files.validation)
    answers_in(problem, answers_of(examples), labels);
  return labels;
}

// A trained classifier goes on as what it is: its answers are of this kind, by distinct names.
void check_trained(Problem problem, const std::filesystem::path& folder,
                   const AlbertConfig& config) {
  const std::string wanted = problem_type(problem);
  const std::string remedy = "; begin a new classifier with --fresh_classifier";
  if (!config.problem_type.empty() && config.problem_type != wanted)
    fail(ErrorCode::kMismatch, folder.string(), ": config.json: problem_type: found ",
         config.problem_type, ", wanted ", wanted, remedy);
  if (problem == Problem::kRegression && config.num_labels() != 1)
    fail(ErrorCode::kMismatch, folder.string(), ": config.json: id2label: found ",
         config.num_labels(), " labels, wanted one number", remedy);
  std::set<std::string> names;
  for (const auto& [id, name] : config.id2label)
    if (!names.insert(name).second)
      fail(ErrorCode::kMismatch, folder.string(), ": config.json: id2label: found ",
           in_quotes(name), " twice, wanted each name once", remedy);
}

// The labels in the order of the model's outputs.
TaskLabels choose_labels(Problem problem, const FinetuningRequest& request,
                         const AlbertConfig& config, const TaskLabels& data, bool is_new) {
  if (!is_new) check_trained(problem, request.model, config);
  if (problem == Problem::kRegression || request.model.empty() ||
      request.options.get<bool>(option::kFreshClassifier))
    return data;
  ModelLabels model{request.model.string(), {}, !is_new};
  for (const auto& [id, name] : config.id2label) model.names.push_back(name);
  return labels_of_outputs(data, model);
}

LossOptions loss_of(Problem problem, const TaskOptions& options, const TaskLabels& labels) {
  LossOptions loss;
  if (problem == Problem::kRegression) return loss;
  loss.class_weights = options.get<std::vector<float>>(option::kClassWeights);
  if (problem == Problem::kSingleLabel)
    loss.label_smoothing = options.get<double>(option::kLabelSmoothing);
  if (!loss.class_weights.empty() && loss.class_weights.size() != labels.size())
    fail(ErrorCode::kUsage, "--class_weights: found ", loss.class_weights.size(), ", wanted ",
         labels.size(), ", one for each of ", printable(joined(names_of(labels))));
  return loss;
}

ClassificationExamples encoded(Problem problem, const std::vector<TextExample>& examples,
                               const TaskLabels& labels, const TextEncoder& encoder) {
  ClassificationExamples result;
  result.answers = answers_in(problem, answers_of(examples), labels);
  for (const TextExample& example : examples) result.inputs.push_back(encoder.encode(example.text));
  return result;
}

AlbertForSequenceClassification start_classifier(Problem problem, const FinetuningRequest& request,
                                                 AlbertConfig config, const TaskLabels& labels,
                                                 bool is_new) {
  config.id2label.clear();
  for (size_t i = 0; i < labels.size(); ++i)
    config.id2label[static_cast<int64_t>(i)] = labels[i].name;
  config.problem_type = problem_type(problem);
  AlbertForSequenceClassification model(config);
  start_model(model, request, is_new ? kClassifierTensors : "");
  return model;
}

// Refuses a metric that the labels do not have before anything is trained.
std::vector<std::string> checked_metrics(Problem problem, const TaskOptions& options,
                                         const TaskLabels& labels) {
  const std::vector<std::string> names = split(options.get<std::string>(option::kMetrics), ',');
  metrics_of(problem, names, {}, {}, static_cast<int64_t>(labels.size()));
  return names;
}

}  // namespace

std::unique_ptr<FinetuningTask> make_classification_task(Problem problem,
                                                         const FinetuningRequest& request) {
  const Files files = FileReader(problem, request).read();
  const TaskLabels data = labels_of_data(problem, request.options, files);
  const AlbertConfig config = starting_config(request);
  const bool is_new = request.options.get<bool>(option::kFreshClassifier) ||
                      starts_new_head(request, config, kArchitecture);
  const TaskLabels labels = choose_labels(problem, request, config, data, is_new);
  const auto metrics = checked_metrics(problem, request.options, labels);
  const FinetuningSizes sizes = sizes_with_rdrop(request, config);
  const auto tokenizer = starting_tokenizer(request);
  const TextEncoder encoder(tokenizer, config, request.max_seq_length, 128,
                            truncation_of(request.options));
  if (!encoder.warning().empty()) request.warn(encoder.warning());
  const LossOptions loss = loss_of(problem, request.options, labels);
  auto training = encoded(problem, files.training, labels, encoder);
  std::vector<ValidationSet> validation;
  for (const auto& [suffix, examples] : files.validation)
    validation.push_back({suffix, encoded(problem, examples, labels, encoder)});
  return std::make_unique<ClassificationTask>(
      ClassificationTask::Parts{problem, start_classifier(problem, request, config, labels, is_new),
                                tokenizer, std::move(training), std::move(validation), loss,
                                metrics},
      sizes);
}

}  // namespace albert
