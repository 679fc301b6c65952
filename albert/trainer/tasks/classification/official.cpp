// Official files answered: predict_results_<task>.txt as transformers' run_glue writes it, and what
// GLUE's site takes.
#include <functional>
#include <nlohmann/json.hpp>

#include "albert/base/atomic_file.h"
#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/engine/model/config.h"
#include "albert/trainer/tasks/classification/examples.h"
#include "albert/trainer/tasks/classification/stages.h"
#include "albert/trainer/tasks/labels.h"
#include "albert/trainer/tasks/rounding.h"

namespace albert {
namespace {

namespace option = classification_options;
using nlohmann::json;

constexpr size_t kWindow = 512;  // examples that are read before they are answered

std::vector<json> answers_to(const PredictionRequest& request, const std::filesystem::path& file) {
  const auto predictor = make_classification_predictor(request);
  TextReader reader(file);
  RecordReader records(reader, format_of_data(file), BlankLines::kSkipped, predictor->table());
  predictor->check(records);
  std::vector<json> answers;
  size_t waiting = 0;
  const auto answer = [&] {
    for (const std::string& line : predictor->answers()) answers.push_back(json::parse(line));
    waiting = 0;
  };
  for (Record record; records.next(record);) {
    predictor->add(record);
    if (++waiting == kWindow) answer();
  }
  answer();
  if (answers.empty()) fail(ErrorCode::kBadData, file.string(), ": no examples in it");
  return answers;
}

// The names of a model's labels, and what files of the task write for them.
class LabelTexts {
 public:
  LabelTexts(const PredictionRequest& request) {
    const auto& named = request.options.get<std::string>(option::kLabels);
    ModelLabels model{request.model.string(), {}, true};
    for (const auto& [id, name] : AlbertConfig::from_folder(request.model).id2label)
      model.names.push_back(name);
    names_ = model.names;
    if (!named.empty()) labels_ = labels_of_outputs(parse_labels(named), model);
  }

  std::string name_of(const std::string& label) const { return text(label, &TaskLabel::name); }
  std::string value_of(const std::string& label) const { return text(label, &TaskLabel::value); }

 private:
  std::string text(const std::string& label, std::string TaskLabel::*part) const {
    for (size_t i = 0; i < labels_.size(); ++i)
      if (names_[i] == label) return labels_[i].*part;
    return label;
  }
  std::vector<std::string> names_;
  TaskLabels labels_;
};

using LabelText = std::function<std::string(const std::string& label)>;

std::string text_of(const json& answer, const LabelText& text) {
  if (answer.contains("labels")) {
    std::vector<std::string> labels;
    for (const auto& label : answer["labels"]) labels.push_back(text(label.get<std::string>()));
    return joined(labels, ",");
  }
  if (answer.contains("label")) return text(answer["label"].get<std::string>());
  return three_digits(answer.at("score").get<double>());
}

void write_table(const std::filesystem::path& path, const std::vector<json>& answers,
                 const LabelText& text) {
  std::string table = "index\tprediction\n";
  for (size_t i = 0; i < answers.size(); ++i)
    table += std::to_string(i) + "\t" + text_of(answers[i], text) + "\n";
  write_file_atomically(path, table);
}

}  // namespace

std::string predict_official_file(const PredictionRequest& request, const FileRequest& files) {
  const LabelTexts labels(request);
  const std::vector<json> answers = answers_to(request, files.input);
  if (!answers.front().contains("label") && !answers.front().contains("score"))
    fail(ErrorCode::kMismatch, request.model.string(),
         ": the model gives several numbers, wanted a label, labels or one number");
  const std::string name =
      "predict_results" + (files.task.empty() ? "" : "_" + files.task) + ".txt";
  std::vector<std::string> written = {name};
  write_table(files.output_dir / name, answers,
              [&](const std::string& label) { return labels.name_of(label); });
  if (!files.submission.empty()) {
    written.push_back(files.submission);
    write_table(files.output_dir / files.submission, answers,
                [&](const std::string& label) { return labels.value_of(label); });
  }
  return files.input.string() + ": " + std::to_string(answers.size()) + " predictions in " +
         joined(written, " and ") + " of " + files.output_dir.string() + "\n";
}

}  // namespace albert
