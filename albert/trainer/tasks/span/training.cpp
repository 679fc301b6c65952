// From files and a folder to a model that is ready to be trained on questions.
#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/trainer/tasks/rdrop_option.h"
#include "albert/trainer/tasks/span/reports.h"
#include "albert/trainer/tasks/span/stages.h"
#include "albert/trainer/tasks/span/task.h"
#include "albert/trainer/tasks/starting_model.h"

namespace albert {
namespace {

std::vector<SquadQuestion> read_labelled(const std::filesystem::path& path, SquadVersion version,
                                         int64_t most) {
  auto questions = read_squad(path, AnswerStarts::kChecked, most);
  if (version == SquadVersion::k1) require_answers(questions);
  for (const SquadQuestion& question : questions)
    if (!question.labelled)
      fail(ErrorCode::kBadData, question.place, ": found no \"answers\", wanted a list");
  return questions;
}

SpanTask::Validation validation_of(std::vector<SquadQuestion> questions,
                                   const WindowEncoder& encoder, const TaskOptions& options) {
  SpanTask::Validation validation;
  validation.search = answer_search(options);
  validation.version = squad_version(options);
  for (const SquadQuestion& question : questions)
    validation.windowed.push_back(
        {question.context, encoder.windows(question.question, *question.context)});
  validation.questions = std::move(questions);
  return validation;
}

// The form of head that the user asks for, else the folder's.
bool wants_google_head(const FinetuningRequest& request, const AlbertConfig& config) {
  const auto& asked = request.options.get<std::string>(span_options::kHead);
  if (asked == "google" || asked == "transformers") return asked == "google";
  if (!asked.empty())
    fail(ErrorCode::kUsage, "--", span_options::kHead, ": found ", printable(asked),
         ", wanted google or transformers");
  return !request.model.empty() &&
         has_beam_search_head(config, *open_weights(request.model, request.model_options.prefix));
}

template <class Head>
Head started(const FinetuningRequest& request, const AlbertConfig& config) {
  Head head(config);
  start_model(head, request);
  return head;
}

// A head that the folder has goes on; labels of another head are not its.
QuestionAnsweringHead start_head(const FinetuningRequest& request, AlbertConfig config,
                                 bool is_google) {
  config.id2label = {{0, "LABEL_0"}, {1, "LABEL_1"}};
  if (is_google) return started<AlbertForQuestionAnsweringBeamSearch>(request, config);
  return started<AlbertForQuestionAnswering>(request, config);
}

}  // namespace

std::unique_ptr<FinetuningTask> make_span_task(const FinetuningRequest& request) {
  const SquadVersion version = squad_version(request.options);
  const auto training = read_labelled(request.train_file, version, request.max_train_samples);
  auto validation = read_labelled(request.validation_file, version, request.max_eval_samples);
  const AlbertConfig config = starting_config(request);
  const bool is_google = wants_google_head(request, config);
  const FinetuningSizes sizes =
      sizes_with_rdrop(request, config, is_google ? HeadDropout::kClassifier : HeadDropout::kNone);
  if (is_google && sizes.rdrop_alpha > 0)
    fail(ErrorCode::kUsage,
         "--rdrop_alpha: found Google's head, wanted --qa_head transformers: its loss alone has "
         "R-Drop");
  const auto tokenizer = starting_tokenizer(request);
  const WindowEncoder encoder(tokenizer, config,
                              window_options(request.options, request.max_seq_length));
  if (!encoder.warning().empty()) request.warn(encoder.warning());
  return std::make_unique<SpanTask>(
      SpanTask::Parts{start_head(request, config, is_google), tokenizer,
                      span_examples(training, encoder),
                      validation_of(std::move(validation), encoder, request.options)},
      sizes);
}

}  // namespace albert
