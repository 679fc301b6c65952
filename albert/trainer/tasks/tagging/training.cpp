// From files and a folder to a model that is ready to be trained on words.
#include <algorithm>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/trainer/tasks/labels.h"
#include "albert/trainer/tasks/rdrop_option.h"
#include "albert/trainer/tasks/starting_model.h"
#include "albert/trainer/tasks/tagging/reports.h"
#include "albert/trainer/tasks/tagging/stages.h"
#include "albert/trainer/tasks/tagging/task.h"

namespace albert {
namespace {

namespace option = tagging_options;

constexpr const char* kArchitecture = "AlbertForTokenClassification";

struct Files {
  std::vector<TaggedSentence> training, validation;
};

Files read_files(const FinetuningRequest& request) {
  const TagColumns columns = tag_columns(request.options);
  return {
      read_sentences(request.train_file, columns, WordLabels::kRequired, request.max_train_samples),
      read_sentences(request.validation_file, columns, WordLabels::kRequired,
                     request.max_eval_samples)};
}

TaskLabels labels_of_data(const TaskOptions& options, const Files& files) {
  const auto& named = options.get<std::string>(option::kLabels);
  if (!named.empty()) return parse_labels(named);
  std::vector<std::string> values;
  for (const TaggedSentence& sentence : files.training)
    values.insert(values.end(), sentence.labels.begin(), sentence.labels.end());
  if (values.empty()) fail(ErrorCode::kBadData, "the training data: found no label in it");
  return labels_found(values);
}

// The numbers of the labels of each sentence. Error(kBadData) for one that is none of `labels`.
std::vector<std::vector<int64_t>> numbers_of(const std::vector<TaggedSentence>& sentences,
                                             const TaskLabels& labels) {
  std::vector<std::vector<int64_t>> all;
  for (const TaggedSentence& sentence : sentences) {
    std::vector<int64_t>& numbers = all.emplace_back();
    for (size_t i = 0; i < sentence.labels.size(); ++i)
      numbers.push_back(
          static_cast<int64_t>(label_at(sentence.places[i], sentence.labels[i], labels)));
  }
  return all;
}

TagSequences names_of(const std::vector<std::vector<int64_t>>& numbers,
                      const std::vector<std::string>& names) {
  TagSequences tags;
  for (const auto& sentence : numbers) {
    auto& row = tags.emplace_back();
    for (const int64_t number : sentence) row.push_back(names[static_cast<size_t>(number)]);
  }
  return tags;
}

// The scheme that --scheme names, or that of `training`; nothing for labels that are of no
// entities, or that are not to be checked.
std::optional<TagScheme> scheme_of(const TaskOptions& options, const TagSequences& training,
                                   const std::vector<std::string>& names) {
  const auto& name = options.get<std::string>(option::kScheme);
  if (name == "none") return std::nullopt;
  if (name == "auto")
    return has_entities(names) ? std::optional(detected_scheme(training)) : std::nullopt;
  const auto scheme = tag_scheme_named(name);
  if (!scheme)
    fail(ErrorCode::kUsage, "--scheme ", printable(name), ": wanted one of auto, none, ",
         joined(tag_scheme_names()));
  return scheme;
}

void check_scheme(const std::vector<TaggedSentence>& sentences, const TagSequences& tags,
                  TagScheme scheme) {
  for (size_t i = 0; i < tags.size(); ++i)
    if (const auto problem = first_problem(tags[i], scheme))
      fail(ErrorCode::kBadData, sentences[i].places[problem->word], ": ", problem->what,
           "; mend it, or take labels as they are with --scheme none");
}

// What --label_all_tokens gives the further tokens of a word.
FurtherLabels further_labels(const TaskOptions& options, const std::vector<std::string>& names) {
  FurtherLabels further;
  if (!options.get<bool>(option::kAllTokens)) return further;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto inside = names[i].starts_with("B-")
                            ? std::find(names.begin(), names.end(), "I-" + names[i].substr(2))
                            : names.end();
    further.push_back(inside == names.end() ? static_cast<int64_t>(i) : inside - names.begin());
  }
  return further;
}

std::vector<LabelledText> encoded(const std::vector<TaggedSentence>& sentences,
                                  const std::vector<std::vector<int64_t>>& numbers,
                                  const FurtherLabels& further, const TokenWindowEncoder& encoder) {
  std::vector<LabelledText> texts;
  for (size_t i = 0; i < sentences.size(); ++i)
    texts.push_back(labelled_text(encoder.words(sentences[i].words), numbers[i], further));
  return texts;
}

TaggingTask::Validation validation_of(std::vector<LabelledText> sentences, TagSequences right) {
  TaggingTask::Validation validation;
  for (LabelledText& sentence : sentences) {
    validation.texts.push_back(std::move(sentence.text));
    validation.labels.push_back(std::move(sentence.labels));
  }
  validation.right = std::move(right);
  return validation;
}

AlbertForTokenClassification start_tagger(const FinetuningRequest& request, AlbertConfig config,
                                          const std::vector<std::string>& names, bool is_new) {
  config.id2label.clear();
  for (size_t i = 0; i < names.size(); ++i) config.id2label[static_cast<int64_t>(i)] = names[i];
  AlbertForTokenClassification model(config);
  start_model(model, request, is_new ? kClassifierTensors : "");
  return model;
}

LossOptions loss_of(const TaskOptions& options, const std::vector<std::string>& names) {
  LossOptions loss;
  loss.class_weights = options.get<std::vector<float>>(option::kClassWeights);
  loss.label_smoothing = options.get<double>(option::kLabelSmoothing);
  if (!loss.class_weights.empty() && loss.class_weights.size() != names.size())
    fail(ErrorCode::kUsage, "--class_weights: found ", loss.class_weights.size(), ", wanted ",
         names.size(), ", one for each of ", printable(joined(names)));
  return loss;
}

// The labels in the order of the model's outputs.
TaskLabels choose_labels(const FinetuningRequest& request, const AlbertConfig& config,
                         const TaskLabels& data, bool is_new) {
  if (request.model.empty() || request.options.get<bool>(option::kFreshClassifier)) return data;
  ModelLabels model{request.model.string(), {}, !is_new};
  for (const auto& [id, name] : config.id2label) model.names.push_back(name);
  return labels_of_outputs(data, model);
}

}  // namespace

std::unique_ptr<FinetuningTask> make_tagging_task(const FinetuningRequest& request) {
  const Files files = read_files(request);
  const AlbertConfig config = starting_config(request);
  const bool is_new = request.options.get<bool>(option::kFreshClassifier) ||
                      starts_new_head(request, config, kArchitecture);
  const TaskLabels labels =
      choose_labels(request, config, labels_of_data(request.options, files), is_new);
  const std::vector<std::string> names = names_of(labels);
  const auto training = numbers_of(files.training, labels),
             validation = numbers_of(files.validation, labels);
  const TagSequences right = names_of(validation, names), tags = names_of(training, names);
  const auto scheme = scheme_of(request.options, tags, names);
  if (scheme) {
    check_scheme(files.training, tags, *scheme);
    check_scheme(files.validation, right, *scheme);
  }
  const FinetuningSizes sizes = sizes_with_rdrop(request, config);
  const auto tokenizer = starting_tokenizer(request);
  const TokenWindowEncoder encoder(tokenizer, config,
                                   token_windows(request.options, request.max_seq_length));
  if (!encoder.warning().empty()) request.warn(encoder.warning());
  const FurtherLabels further = further_labels(request.options, names);
  auto examples = tagging_examples(encoded(files.training, training, further, encoder));
  if (examples.size() == 0)
    fail(ErrorCode::kBadData, request.train_file.string(),
         ": found no word that gives a token, wanted one or more");
  return std::make_unique<TaggingTask>(
      TaggingTask::Parts{
          start_tagger(request, config, names, is_new), tokenizer, std::move(examples),
          validation_of(encoded(files.validation, validation, further, encoder), right),
          loss_of(request.options, names), request.options.get<bool>(option::kByType),
          scheme                ? name_of(*scheme)
          : has_entities(names) ? "unchecked"
                                : "plain"},
      sizes);
}

}  // namespace albert
