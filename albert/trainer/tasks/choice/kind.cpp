#include "albert/trainer/tasks/choice/kind.h"

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/trainer/tasks/choice/stages.h"
#include "albert/trainer/tasks/rdrop_option.h"

namespace albert {
namespace {

namespace option = choice_options;
using Options = std::vector<TaskOption>;

Options operator+(Options a, const Options& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Options encoding() {
  return {{option::kTruncation, "google",
           "google: the context is cut, question and option to max_qa_length; slow, fast: the "
           "longer text, as by transformers"},
          {option::kMaxQaLength, MultipleChoiceEncoding().max_qa_length,
           "ids of question and option that stay, their last ones, under --truncation google"}};
}

Options levels() {
  return {{option::kLevel, "both", "of RACE: middle, high or both"},
          {option::kMiddleOnly, false, "--level middle, as run_race has it"},
          {option::kHighOnly, false, "--level high, as run_race has it"}};
}

}  // namespace

MultipleChoiceEncoding choice_encoding(const TaskOptions& options,
                                       std::optional<int64_t> max_seq_length) {
  MultipleChoiceEncoding encoding{.max_seq_length = max_seq_length,
                                  .max_qa_length = options.get<int64_t>(option::kMaxQaLength)};
  const auto& name = options.get<std::string>(option::kTruncation);
  if (name == "slow")
    encoding.truncation = Truncation::kLongestFirst;
  else if (name == "fast")
    encoding.truncation = Truncation::kLongestFirstFast;
  else if (name != "google")
    fail(ErrorCode::kUsage, "--truncation ", printable(name), ": wanted one of google, slow, fast");
  return encoding;
}

TaskKind choice_kind() {
  TaskKind kind;
  kind.name = "choice";
  kind.architecture = "AlbertForMultipleChoice";
  kind.training =
      encoding() + levels() + Options{{option::kLabelSmoothing, 0.0, "0 to 1"}, rdrop_option()};
  kind.prediction = encoding() + levels();
  kind.scoring = levels();
  kind.make_task = make_choice_task;
  kind.make_predictor = make_choice_predictor;
  kind.score = score_choice;
  kind.predict_file = predict_choice_file;
  return kind;
}

}  // namespace albert
