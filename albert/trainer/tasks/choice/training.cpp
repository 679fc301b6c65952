// From files and a folder to a model that is ready to be trained on questions with options.
#include "albert/trainer/tasks/choice/stages.h"
#include "albert/trainer/tasks/choice/task.h"
#include "albert/trainer/tasks/rdrop_option.h"
#include "albert/trainer/tasks/starting_model.h"

namespace albert {
namespace {

// A head that the folder has goes on; one of another architecture does not.
AlbertForMultipleChoice start_chooser(const FinetuningRequest& request, AlbertConfig config) {
  const bool is_new = starts_new_head(request, config, "AlbertForMultipleChoice");
  config.id2label = {{0, "LABEL_0"}, {1, "LABEL_1"}};
  config.problem_type = "";
  AlbertForMultipleChoice model(config);
  start_model(model, request, is_new ? kClassifierTensors : "");
  return model;
}

}  // namespace

std::unique_ptr<FinetuningTask> make_choice_task(const FinetuningRequest& request) {
  ChoiceSelection selection{.level = chosen_level(request.options),
                            .most = request.max_train_samples};
  DeclaredChoices declared;
  const auto training = read_choice_examples(request.train_file, selection, declared);
  selection.most = request.max_eval_samples;
  const auto validation = read_choice_examples(request.validation_file, selection, declared);
  const AlbertConfig config = starting_config(request);
  const FinetuningSizes sizes = sizes_with_rdrop(request, config);
  const auto tokenizer = starting_tokenizer(request);
  const MultipleChoiceEncoder encoder(tokenizer, config,
                                      choice_encoding(request.options, request.max_seq_length));
  if (!encoder.warning().empty()) request.warn(encoder.warning());
  return std::make_unique<ChoiceTask>(
      ChoiceTask::Parts{start_chooser(request, config), tokenizer, encoder,
                        encoded_choices(training, encoder), encoded_choices(validation, encoder),
                        request.options.get<double>(choice_options::kLabelSmoothing)},
      sizes);
}

}  // namespace albert
