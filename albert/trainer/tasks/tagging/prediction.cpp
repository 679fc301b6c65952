// Labels and entities as JSON, a line for each record; sentences of files as run_ner writes them
// and as columns.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "albert/base/atomic_file.h"
#include "albert/base/printable.h"
#include "albert/trainer/tasks/rounding.h"
#include "albert/trainer/tasks/tagging/reports.h"
#include "albert/trainer/tasks/tagging/stages.h"

namespace albert {
namespace {

namespace option = tagging_options;
using nlohmann::ordered_json;

TokenClassifier classifier_of(const PredictionRequest& request) {
  auto classifier = TokenClassifier::from_pretrained(
      request.model, request.model_options,
      {.windows = token_windows(request.options, request.max_seq_length),
       .aggregation = aggregation_named(request.options.get<std::string>(option::kAggregation)),
       .batch_size = request.batch_size});
  for (const auto& warning : classifier.warnings()) request.warn(warning);
  return classifier;
}

class TaggingPredictor final : public Predictor {
 public:
  explicit TaggingPredictor(const PredictionRequest& request)
      : column_(request.options.get<std::string>(option::kTextColumn)),
        label_key_(request.options.get<std::string>(option::kAggregation) == "none"
                       ? "entity"
                       : "entity_group"),
        classifier_(classifier_of(request)) {}

  void check(const RecordReader& reader) const override {
    reader.require_column(key_named(column_, "text"), option::kTextColumn);
  }
  void add(const Record& record) override {
    const std::string words = key_named(column_, "tokens");
    if (record.is_text()) {
      refuse_columns(record);
      texts_.push_back(classifier_.encoder().text(record.line()));
    } else if (record.is_list(words))
      texts_.push_back(classifier_.encoder().words(record.items_at(words)));
    else
      texts_.push_back(classifier_.encoder().text(record.at(key_named(column_, "text"))));
  }
  std::vector<std::string> answers() override {
    std::vector<std::string> lines;
    const auto results = classifier_.classify(texts_);
    for (size_t i = 0; i < results.size(); ++i) {
      ordered_json answer = {{"entities", json_of(results[i].entities)}};
      if (texts_[i].words) answer["labels"] = results[i].labels;
      lines.push_back(answer.dump());
    }
    texts_.clear();
    return lines;
  }

 private:
  // Columns are known by words with tags in lines one after the other, one tag an entity's. A
  // stream's are seen only as they come; those of files are refused before.
  void refuse_columns(const Record& record) {
    const std::string tag = tag_of_row(record.line());
    const bool again = tagged_;
    tagged_ = !tag.empty();
    entity_ = tagged_ && ((again && entity_) || tag != "O");
    if (again && entity_)
      fail(ErrorCode::kUsage, record.place(),
           ": found CoNLL's columns, wanted a text or an object a line; put them in a file and "
           "give --input and --output_dir");
  }
  ordered_json json_of(const std::vector<Entity>& entities) const {
    ordered_json list = ordered_json::array();
    for (const Entity& entity : entities)
      list.push_back({{label_key_, entity.label},
                      {"score", seven_digits(entity.score)},
                      {"word", entity.text},
                      {"start", entity.begin},
                      {"end", entity.end}});
    return list;
  }

  std::string column_;
  const char* label_key_;
  TokenClassifier classifier_;
  std::vector<WindowedText> texts_;
  bool tagged_ = false, entity_ = false;  // the last lines end in tags; one of them is an entity's
};

bool has_blank(const std::string& word) { return word.find_first_of(" \t") != word.npos; }

// What is written of sentences and their predictions.
class TagFiles {
 public:
  explicit TagFiles(const std::filesystem::path& folder)
      : lines_(folder / "predictions.txt", 0), columns_(folder / "predictions.conll", 0) {}

  void add(const TaggedSentence& sentence, const std::vector<std::string>& right,
           const std::vector<std::string>& predicted) {
    lines_.write(joined(predicted, " ") + "\n");
    const bool blanks = std::any_of(sentence.words.begin(), sentence.words.end(), has_blank);
    const std::string separator = blanks ? "\t" : " ";
    std::string text;
    for (size_t i = 0; i < predicted.size(); ++i)
      text += sentence.words[i] + separator + (right.empty() ? "" : right[i] + separator) +
              predicted[i] + "\n";
    columns_.write(text + "\n");
  }
  void publish() {
    lines_.publish();
    columns_.publish();
  }

 private:
  AtomicFile lines_, columns_;
};

// Some sentences at a time, so that a long file does not fill the memory.
TagSequences label_all(TokenClassifier& classifier, const std::vector<TaggedSentence>& sentences) {
  constexpr size_t kAtOnce = 2048;
  TagSequences predicted;
  for (size_t at = 0; at < sentences.size(); at += kAtOnce) {
    std::vector<WindowedText> texts;
    for (size_t i = at; i < std::min(sentences.size(), at + kAtOnce); ++i)
      texts.push_back(classifier.encoder().words(sentences[i].words));
    for (TokenClassification& result : classifier.classify(texts))
      predicted.push_back(std::move(result.labels));
  }
  return predicted;
}

bool is_labelled(const std::vector<TaggedSentence>& sentences) {
  return std::all_of(sentences.begin(), sentences.end(),
                     [](const auto& s) { return s.labels.size() == s.words.size(); });
}

}  // namespace

std::unique_ptr<Predictor> make_tagging_predictor(const PredictionRequest& request) {
  return std::make_unique<TaggingPredictor>(request);
}

std::string predict_tagged_file(const PredictionRequest& request, const FileRequest& files) {
  const auto sentences =
      read_sentences(files.input, tag_columns(request.options), WordLabels::kOptional);
  TokenClassifier classifier = classifier_of(request);
  const TagSequences right = tags_of(sentences, request.options.get<std::string>(option::kLabels));
  const TagSequences predicted = label_all(classifier, sentences);
  TagFiles written(files.output_dir);
  for (size_t i = 0; i < sentences.size(); ++i) written.add(sentences[i], right[i], predicted[i]);
  written.publish();
  if (!is_labelled(sentences)) return "";
  const TaggingReport report = report_of(predicted, right, EntityMode::kDefault, TagScheme::kIob2);
  write_file_atomically(files.output_dir / "eval_results.json", report.json + "\n");
  return report.text;
}

}  // namespace albert
