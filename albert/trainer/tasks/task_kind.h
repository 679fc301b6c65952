#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "albert/heads/pretrained_model.h"
#include "albert/trainer/tasks/finetuning_task.h"
#include "albert/trainer/tasks/records.h"
#include "albert/trainer/tasks/task_options.h"

namespace albert {

// Lines for the user, without their "albert: warning: ".
using Notify = std::function<void(const std::string&)>;

// Rows of a training file that are evaluated and not trained on: those that `file` lists, a line
// each, by what these columns hold, with tabs between them. Without a name there are none.
struct HeldOutRows {
  std::filesystem::path file;
  std::vector<std::string> columns;
};

// What `albert finetune` asks of a kind.
struct FinetuningRequest {
  std::filesystem::path train_file, validation_file;
  HeldOutRows held_out;  // where there are any, the first files are the same one
  // Files that are evaluated too, by the suffix of their metrics' names.
  std::map<std::string, std::filesystem::path> more_validation_files;
  int64_t max_train_samples = 0, max_eval_samples = 0;  // only the first so many; 0: all
  std::filesystem::path model;      // the folder to start from; empty: a random start from `config`
  std::filesystem::path config;     // a config.json, or a folder with one
  std::filesystem::path tokenizer;  // a folder or file; empty: the model's
  std::optional<int64_t> max_seq_length;
  // In the place of config.json's.
  std::optional<double> hidden_dropout, attention_dropout, classifier_dropout;
  ModelOptions model_options;
  FinetuningSizes sizes;
  TaskOptions options;  // the kind's own, as the task and the user have them
  Notify note, warn;
};

// What `albert predict` asks of a kind.
struct PredictionRequest {
  std::filesystem::path model;
  ModelOptions model_options;
  std::optional<int64_t> max_seq_length;
  int64_t batch_size = 32;
  TaskOptions options;
  Notify warn;
};

// What `albert predict --output_dir` asks of a kind whose tasks have official files.
struct FileRequest {
  std::filesystem::path input, output_dir;
  std::string task;        // in the names of the files that are written; empty: of no task
  std::string submission;  // what the task's site calls its file; empty: none is written
};

// Answers the records of a file, some at a time.
class Predictor {
 public:
  virtual ~Predictor() = default;
  // How tables are to be read for it.
  virtual TableOptions table() const { return {}; }
  // Refuses a table that lacks a column this predictor reads: Error(kBadData).
  virtual void check(const RecordReader& reader) const = 0;
  // Takes a record. Error(kBadData) says what is wrong with this one; others may follow.
  virtual void add(const Record& record) = 0;
  // One JSON object for each record taken since the last call, in their order.
  virtual std::vector<std::string> answers() = 0;
};

// What `albert eval` asks of a kind.
struct ScoringRequest {
  std::filesystem::path predictions, gold;
  TaskOptions options;
};
struct ScoreReport {
  std::string json;  // one line
  std::string text;  // for people
};

// A kind of task: how its files are read, made into features, trained on, predicted and scored.
struct TaskKind {
  std::string name;
  std::string architecture;     // in config.json, transformers' name of the head
  std::string other_form = {};  // of the head, by its name there; empty: it has one
  TaskOptions training, prediction, scoring;
  // All of them throw Error with the codes of docs/cli.md.
  std::unique_ptr<FinetuningTask> (*make_task)(const FinetuningRequest&);
  std::unique_ptr<Predictor> (*make_predictor)(const PredictionRequest&);
  ScoreReport (*score)(const ScoringRequest&);
  // Answers an official file, writes the files that its scripts write and gives lines for people.
  // Null: the kind has no such files.
  std::string (*predict_file)(const PredictionRequest&, const FileRequest&) = nullptr;
  // What a file holds that predict_file alone reads, for people; empty: lines, objects or a table.
  // Null: the names of such files tell them.
  std::string (*official_form)(const std::filesystem::path&) = nullptr;
};

}  // namespace albert
