#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <ostream>
#include <span>

#include "albert/base/atomic_file.h"
#include "albert/base/json.h"
#include "albert/base/text_reader.h"
#include "albert/heads/sequence_classification.h"
#include "albert/tokenizer/tokenizer.h"
#include "apps/cli/common.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

using nlohmann::ordered_json;

struct PredictFlags {
  std::string model, input, output, text_key = "text", pair_key = "text_pair";
  int64_t batch_size = 32, max_seq_length = 512;
  CommonOptions common;
};

// One line of the input: ids, or what is wrong with it.
struct Line {
  int64_t number = 0;
  Encoding encoding;
  std::string error;
};

std::string text_of(const nlohmann::json& object, const std::string& key) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_string())
    fail(ErrorCode::kBadData, "no text under \"" + key + "\"");
  return object[key].get<std::string>();
}

// A line that begins with { is JSON with a text and perhaps its pair; any other is the text itself.
Encoding encode(const std::string& line, const Tokenizer& tokenizer, const PredictFlags& flags,
                int64_t longest) {
  const EncodeOptions options{.truncation = Truncation::kLongestFirst, .max_length = longest};
  if (line.empty()) fail(ErrorCode::kBadData, "the line is empty");
  if (line.front() != '{') return tokenizer.encode(line, options);
  const auto object = parse_json("the line", line);
  const std::string text = text_of(object, flags.text_key);
  if (!object.contains(flags.pair_key)) return tokenizer.encode(text, options);
  return tokenizer.encode(text, text_of(object, flags.pair_key), options);
}

std::vector<double> softmax(std::span<const float> logits) {
  const double largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  std::vector<double> p(logits.size());
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i)
    sum += p[i] = std::exp(static_cast<double>(logits[i]) - largest);
  for (double& value : p) value /= sum;
  return p;
}

// With the seven digits that an f32 has.
double rounded(double value) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%.7g", value);
  return std::strtod(digits.data(), nullptr);
}

using Sink = std::function<void(std::string_view)>;

class Predictor {
 public:
  Predictor(const PredictFlags& flags, Sink sink, std::ostream& err)
      : flags_(flags),
        tokenizer_(Tokenizer::from_pretrained(flags.model)),
        model_(
            AlbertForSequenceClassification::from_pretrained(flags.model, flags.common.model(err))),
        longest_(std::min(flags.max_seq_length, model_.config().max_position_embeddings)),
        sink_(std::move(sink)) {}

  void add(int64_t number, const std::string& text) {
    Line& line = lines_.emplace_back();
    line.number = number;
    try {
      line.encoding = encode(text, *tokenizer_, flags_, longest_);
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kBadData) throw;
      line.error = e.what();
      ++bad_;
    }
    if (static_cast<int64_t>(lines_.size()) == flags_.batch_size) flush();
  }

  void flush() {
    Sequences inputs;
    for (const Line& line : lines_)
      if (line.error.empty()) {
        inputs.input_ids.push_back(line.encoding.input_ids);
        inputs.token_type_ids.push_back(line.encoding.token_type_ids);
      }
    HostTensor logits;
    if (inputs.size() > 0) logits = model_.forward(inputs).logits.to(DType::kF32);
    int64_t row = 0;
    std::string results;
    for (const Line& line : lines_)
      results += (line.error.empty() ? result(logits, row++) : problem(line)).dump() + "\n";
    sink_(results);
    lines_.clear();
  }
  int64_t bad() const { return bad_; }

 private:
  ordered_json result(const HostTensor& logits, int64_t row) const {
    const auto& labels = model_.config().id2label;
    const auto values = logits.row<float>(row);
    const size_t n = values.size();
    if (n == 1) return {{"score", rounded(static_cast<double>(values[0]))}};
    const auto p = softmax(values);
    const auto best = static_cast<size_t>(std::max_element(p.begin(), p.end()) - p.begin());
    const auto name = [&](size_t i) {
      const auto at = labels.find(static_cast<int64_t>(i));
      return at == labels.end() ? "LABEL_" + std::to_string(i) : at->second;
    };
    ordered_json probabilities;
    for (size_t i = 0; i < n; ++i) probabilities[name(i)] = rounded(p[i]);
    return {{"label", name(best)}, {"score", rounded(p[best])}, {"probabilities", probabilities}};
  }
  static ordered_json problem(const Line& line) {
    return {{"line", line.number}, {"error", line.error}};
  }

  const PredictFlags& flags_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  AlbertForSequenceClassification model_;
  int64_t longest_;
  Sink sink_;
  std::vector<Line> lines_;
  int64_t bad_ = 0;
};

int64_t predict_all(const PredictFlags& flags, Sink sink, std::ostream& err) {
  Predictor predictor(flags, std::move(sink), err);
  std::string line;
  if (flags.input.empty()) {
    for (int64_t number = 1; std::getline(std::cin, line); ++number) predictor.add(number, line);
  } else {
    TextReader reader(flags.input);
    while (reader.next(line)) predictor.add(reader.line(), line);
  }
  predictor.flush();
  return predictor.bad();
}

int run(const PredictFlags& flags, std::ostream& out, std::ostream& err) {
  if (flags.batch_size < 1)
    fail(ErrorCode::kUsage, "--batch_size ", flags.batch_size, ": wanted 1 or more");
  int64_t bad = 0;
  if (flags.output.empty()) {
    bad = predict_all(
        flags, [&](std::string_view results) { (out << results).flush(); }, err);
  } else {
    AtomicFile file(flags.output, 0);
    bad = predict_all(
        flags, [&](std::string_view results) { file.write(results); }, err);
    file.publish();
  }
  if (bad == 0) return 0;
  err << "albert: error: " << bad
      << " lines could not be read; their places in the output hold {\"error\": ..}\n";
  return static_cast<int>(ErrorCode::kBadData);
}

}  // namespace

Runner declare_predict(Command& command) {
  const auto flags = std::make_shared<PredictFlags>();
  command.required("model", flags->model, "fine-tuned folder");
  command.option("input", flags->input,
                 "text or JSONL, one example a line; without it the standard input");
  command.option("output", flags->output, "JSONL file; without it the standard output");
  command.option("text_key", flags->text_key, "of JSONL lines");
  command.option("pair_key", flags->pair_key, "of JSONL lines");
  command.option("batch_size", flags->batch_size, "examples at once");
  command.option("max_seq_length", flags->max_seq_length, "longer texts are truncated");
  command.alias("model", {"model_name_or_path"});
  command.alias("batch_size",
                {"per_device_eval_batch_size", "eval_batch_size", "predict_batch_size"});
  add_common(command, flags->common);
  return [flags](std::ostream& out, std::ostream& err) { return run(*flags, out, err); };
}

}  // namespace albert::apps
