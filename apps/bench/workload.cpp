#include "apps/bench/workload.h"

#include <algorithm>
#include <array>

#include "albert/base/error.h"
#include "albert/base/json.h"
#include "albert/base/text_reader.h"
#include "albert/kernels/philox.h"
#include "albert/tokenizer/tokenizer.h"
#include "albert/trainer/data/random.h"
#include "albert/trainer/tasks/classification/examples.h"
#include "albert/trainer/tasks/classification/kind.h"
#include "albert/trainer/tasks/registry.h"

namespace albert::bench {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::vector<int32_t>>;

struct Size {
  const char* name;
  int64_t hidden, layers, heads;
};
constexpr std::array<Size, 4> kSizes{{{"base", 768, 12, 12},
                                      {"large", 1024, 24, 16},
                                      {"xlarge", 2048, 24, 16},
                                      {"xxlarge", 4096, 12, 64}}};

Ids read_ids(const fs::path& file) {
  TextReader reader(file);
  Ids sequences;
  for (std::string line; reader.next(line);) {
    const auto object = parse_json_line(reader.name(), reader.line(), line);
    const JsonView ids =
        JsonView(reader.name() + ":" + std::to_string(reader.line()), object).at("input_ids");
    auto& sequence = sequences.emplace_back();
    for (size_t i = 0; i < ids.size(); ++i)
      sequence.push_back(static_cast<int32_t>(ids.item(i).integer()));
  }
  return sequences;
}

// The texts of a classification task's file.
std::vector<TextPair> texts_of_task(const LengthSource& source) {
  const TaskSpec& task = task_named(source.task);
  TaskOptions options = classification_kind().training;
  if (kind_of(task).name != classification_kind().name)
    fail(ErrorCode::kUsage, "--task ", source.task, ": wanted a classification task");
  for (const auto& [name, value] : task.settings) options.set(name, value);
  const TextColumns columns = text_columns(options);
  TextReader reader(source.file);
  RecordReader records(reader, format_of_data(source.file));
  require_columns(records, columns);
  std::vector<TextPair> texts;
  for (Record record; records.next(record);) texts.push_back(text_of(record, columns));
  return texts;
}

Ids read_texts(const LengthSource& source, int64_t max_length) {
  if (source.tokenizer.empty())
    fail(ErrorCode::kUsage, "--lengths_from with text needs --tokenizer");
  const auto tokenizer = Tokenizer::from_pretrained(source.tokenizer);
  const EncodeOptions options{.truncation = Truncation::kLongestFirst, .max_length = max_length};
  Ids sequences;
  if (!source.task.empty()) {
    for (const TextPair& e : texts_of_task(source))
      sequences.push_back((e.pair ? tokenizer->encode(e.text, *e.pair, options)
                                  : tokenizer->encode(e.text, options))
                              .input_ids);
    return sequences;
  }
  TextReader reader(source.file);
  for (std::string line; reader.next(line);)
    if (!line.empty()) sequences.push_back(tokenizer->encode(line, options).input_ids);
  return sequences;
}

}  // namespace

std::vector<std::string> released_sizes() {
  std::vector<std::string> names;
  for (const Size& size : kSizes) names.emplace_back(size.name);
  return names;
}

AlbertConfig config_of(const std::string& model) {
  for (const Size& size : kSizes)
    if (model == size.name) {
      AlbertConfig config;
      config.hidden_size = size.hidden;
      config.num_hidden_layers = size.layers;
      config.num_attention_heads = size.heads;
      config.intermediate_size = 4 * size.hidden;
      return config;
    }
  std::error_code ignored;
  const fs::path path = model;
  if (!fs::exists(path, ignored))
    fail(ErrorCode::kUsage, "--model ", model, ": no such size, folder or config.json");
  return AlbertConfig::from_pretrained(path);
}

Batch batch_of(std::vector<std::vector<int32_t>> input_ids) {
  Batch batch{.inputs = {std::move(input_ids), {}}};
  for (const auto& sequence : batch.inputs.input_ids)
    batch.tokens += static_cast<int64_t>(sequence.size());
  batch.sequences = batch.inputs.size();
  batch.padded_tokens = batch.sequences * batch.inputs.longest();
  return batch;
}

std::vector<Batch> fixed_batches(int64_t count, int64_t batch_size, int64_t length,
                                 int64_t vocab_size) {
  std::vector<Batch> batches;
  for (int64_t b = 0; b < count; ++b) {
    Random random(static_cast<uint64_t>(b), 0, 0);
    Ids ids(static_cast<size_t>(batch_size), std::vector<int32_t>(static_cast<size_t>(length)));
    for (auto& sequence : ids)
      for (auto& id : sequence)
        id = static_cast<int32_t>(random.below(static_cast<uint64_t>(vocab_size)));
    batches.push_back(batch_of(std::move(ids)));
  }
  return batches;
}

std::vector<Batch> batches_from(const LengthSource& source, int64_t count, int64_t batch_size,
                                int64_t max_length) {
  const bool ids = source.task.empty() && is_json_lines(source.file);
  Ids all = ids ? read_ids(source.file) : read_texts(source, max_length);
  for (auto& sequence : all)
    if (static_cast<int64_t>(sequence.size()) > max_length)
      sequence.resize(static_cast<size_t>(max_length));
  std::erase_if(all, [](const auto& sequence) { return sequence.empty(); });
  const int64_t there = static_cast<int64_t>(all.size()) / batch_size;
  if (there == 0)
    fail(ErrorCode::kBadData, source.file.string(), ": ", all.size(),
         " sequences, fewer than a batch of ", batch_size);
  const int64_t taken = std::min(count, there);
  std::vector<Batch> batches;
  for (int64_t b = 0; b < taken; ++b) {
    const int64_t begin = b * there / taken * batch_size;
    batches.push_back(batch_of({all.begin() + begin, all.begin() + begin + batch_size}));
  }
  return batches;
}

}  // namespace albert::bench
