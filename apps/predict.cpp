#include <functional>
#include <memory>
#include <ostream>

#include "albert/base/atomic_file.h"
#include "albert/base/printable.h"
#include "albert/base/text_reader.h"
#include "apps/cli/common.h"
#include "apps/cli/record_windows.h"
#include "apps/cli/submission.h"
#include "apps/cli/task_files.h"
#include "apps/cli/task_flags.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

struct PredictFlags {
  std::string model, task, data_dir, input, output, output_dir;
  int64_t batch_size = 32, max_seq_length = 512;
  TaskFlags options{&TaskKind::prediction};
  CommonOptions common;
};

using Sink = std::function<void(std::string_view)>;

// Files of a task are tables whatever their name.
RecordFormat format_of(const PredictFlags& flags) {
  if (flags.input.empty()) return RecordFormat::kLines;
  const RecordFormat format = format_of_data(flags.input);
  const bool lines =
      format == RecordFormat::kTable && flags.task.empty() && !has_extension(flags.input, ".tsv");
  return lines ? RecordFormat::kLines : format;
}

// The kind of the task where one is named, which must be of the model's head; else the model's.
const TaskKind& kind_for(const PredictFlags& flags, const TaskSpec* task) {
  const std::filesystem::path folder = flags.model;
  // Google's folders do not say what they are for.
  if (task && AlbertConfig::from_folder(folder).architectures.empty()) return kind_of(*task);
  const TaskKind& of_model = kind_of_model(folder);
  if (!task) return of_model;
  const TaskKind& kind = kind_of(*task);
  if (kind.architecture != of_model.architecture)
    fail(ErrorCode::kMismatch, flags.model, ": found ", of_model.architecture, ", wanted ",
         kind.architecture, " for --task ", task->name);
  return kind;
}

PredictionRequest request_of(const PredictFlags& flags, const Command& command,
                             const TaskSpec* task, const TaskKind& kind, std::ostream& err) {
  if (flags.batch_size < 1)
    fail(ErrorCode::kUsage, "--batch_size ", flags.batch_size, ": wanted 1 or more");
  PredictionRequest request;
  request.model = flags.model;
  request.batch_size = flags.batch_size;
  if (command.is_set("max_seq_length")) request.max_seq_length = flags.max_seq_length;
  request.options =
      flags.options.chosen(command, kind, task ? task->settings : decltype(task->settings)());
  request.warn = [&err, quiet = flags.common.quiet](const std::string& line) {
    if (!quiet) err << "albert: warning: " << line << "\n";
  };
  request.model_options = flags.common.model(err);
  return request;
}

int64_t predict_all(const PredictFlags& flags, Predictor& predictor, const Sink& sink) {
  const auto reader = open_input(flags.input);
  RecordReader records(*reader, format_of(flags), BlankLines::kRefused, predictor.table());
  predictor.check(records);
  // Who waits at the other end of a pipe gets its answers after every batch.
  constexpr int64_t kBatches = 16;
  const int64_t window = flags.batch_size * (flags.input.empty() ? 1 : kBatches);
  return for_windows(
      *reader, records, static_cast<size_t>(window),
      [&](const Record& record) { predictor.add(record); },
      [&](std::span<const ReadLine> lines) {
        const std::vector<std::string> answers = predictor.answers();
        size_t next = 0;
        std::string text;
        for (const ReadLine& line : lines)
          text += (line.problem.empty() ? answers[next++] : json_of_problem(line)) + "\n";
        sink(text);
      });
}

// Official files to the files that their scripts write.
int predict_files(const PredictFlags& flags, const TaskSpec* task, const TaskKind& kind,
                  const PredictionRequest& request, std::ostream& out) {
  if (!kind.predict_file)
    fail(ErrorCode::kUsage, "--output_dir: is no option of a ", kind.name,
         " model; use --output FILE");
  if (!flags.output.empty())
    fail(ErrorCode::kUsage, "--output: found it beside --output_dir, wanted one of both");
  const auto files = files_to_predict(task, flags.data_dir, flags.input);
  std::error_code error;
  std::filesystem::create_directories(flags.output_dir, error);
  if (error) fail(ErrorCode::kIo, flags.output_dir, ": cannot make the folder: ", error.message());
  bool submitted = false;
  for (const FileToPredict& file : files) {
    out << kind.predict_file(request,
                             {file.path, flags.output_dir, file.as.task, file.as.submission})
        << std::flush;
    submitted |= !file.as.submission.empty();
  }
  if (submitted) out << pack_submission(flags.output_dir);
  return 0;
}

int run(const PredictFlags& flags, const Command& command, std::ostream& out, std::ostream& err) {
  const TaskSpec* task = flags.task.empty() ? nullptr : &task_named(flags.task);
  const TaskKind& kind = kind_for(flags, task);
  const PredictionRequest request = request_of(flags, command, task, kind, err);
  if (!flags.output_dir.empty()) return predict_files(flags, task, kind, request, out);
  if (!flags.data_dir.empty()) fail(ErrorCode::kUsage, "predict --data_dir needs --output_dir");
  if (std::filesystem::is_directory(flags.input))
    fail(ErrorCode::kUsage, "--input ", printable(flags.input), ": a folder needs --output_dir");
  if (kind.predict_file && has_extension(flags.input, ".json"))
    fail(ErrorCode::kUsage, "--input ", printable(flags.input),
         ": an official file needs --output_dir; JSONL files end in .jsonl");
  if (kind.official_form && !flags.input.empty())
    if (const std::string form = kind.official_form(flags.input); !form.empty())
      fail(ErrorCode::kUsage, "--input ", printable(flags.input), ": found ", form,
           ", wanted a text or an object a line; they need --output_dir");
  const auto predictor = kind.make_predictor(request);
  int64_t bad = 0;
  if (flags.output.empty()) {
    bad = predict_all(flags, *predictor, [&](std::string_view text) { (out << text).flush(); });
  } else {
    AtomicFile file(flags.output, 0);
    bad = predict_all(flags, *predictor, [&](std::string_view text) { file.write(text); });
    file.publish();
  }
  return exit_code_of(bad, err);
}

}  // namespace

Runner declare_predict(Command& command) {
  const auto flags = std::make_shared<PredictFlags>();
  command.required("model", flags->model, "fine-tuned folder");
  command.option("input", flags->input,
                 "one example a line: text, JSONL, or a .tsv or .csv whose header names its "
                 "columns; without it the standard input");
  command.option("output", flags->output, "JSONL file; without it the standard output");
  command.choice("task", flags->task, task_names(), "whose files, columns and labels these are");
  command.option("data_dir", flags->data_dir, "folder with the task's test files");
  command.option("output_dir", flags->output_dir,
                 "folder for what the task's scripts write and its site takes");
  flags->options.declare(command);
  command.option("batch_size", flags->batch_size, "examples at once");
  command.option("max_seq_length", flags->max_seq_length,
                 "longer texts are truncated or read in windows; at most the model's positions");
  command.alias("model", {"model_name_or_path"});
  command.alias("task", {"task_name"});
  command.alias("input", {"test_file"});
  command.alias("batch_size",
                {"per_device_eval_batch_size", "eval_batch_size", "predict_batch_size"});
  add_prefix(command, flags->common.prefix);
  add_common(command, flags->common);
  add_weights(command, flags->common.weights);
  return [flags, &command](std::ostream& out, std::ostream& err) {
    return run(*flags, command, out, err);
  };
}

}  // namespace albert::apps
