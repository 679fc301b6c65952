#include "apps/cli/embedding_flags.h"

#include <charconv>
#include <ostream>

#include "albert/base/printable.h"
#include "albert/base/split.h"
#include "apps/cli/record_windows.h"

namespace albert::apps {
namespace {

std::vector<Pooling> poolings_of(const std::string& names) {
  std::vector<Pooling> poolings;
  if (names.empty()) return poolings;
  for (const std::string& name : split(names, ',')) poolings.push_back(pooling_named(name));
  return poolings;
}

std::vector<int32_t> ids_of(const Record& record, const std::string& name) {
  std::vector<int32_t> ids;
  for (const std::string& item : record.items_at(name)) {
    int32_t id = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), id);
    if (error != std::errc() || end != item.data() + item.size())
      fail(ErrorCode::kBadData, record.place(), ": ", in_quotes(name), ": found ", printable(item),
           ", wanted an id");
    ids.push_back(id);
  }
  return ids;
}

// What the model would refuse in the middle of a batch is refused here, by its place.
void check_ids(const Record& record, const std::vector<int32_t>& ids, const char* name,
               int64_t limit) {
  for (const int32_t id : ids)
    if (id < 0 || id >= limit)
      fail(ErrorCode::kBadData, record.place(), ": ", in_quotes(name), ": found ", id,
           ", wanted 0 to ", limit - 1);
}

EmbedderInput given_ids(const Record& record, const TextEmbedder& embedder) {
  const AlbertConfig& config = embedder.model().config();
  EmbedderInput input;
  input.input_ids = ids_of(record, "input_ids");
  input.token_type_ids.resize(input.input_ids.size());
  if (record.has("token_type_ids")) input.token_type_ids = ids_of(record, "token_type_ids");
  const auto tokens = static_cast<int64_t>(input.input_ids.size());
  if (tokens < 1 || tokens > config.max_position_embeddings)
    fail(ErrorCode::kBadData, record.place(), ": \"input_ids\": found ", tokens,
         " ids, wanted 1 to ", config.max_position_embeddings);
  if (input.token_type_ids.size() != input.input_ids.size())
    fail(ErrorCode::kBadData, record.place(), ": \"token_type_ids\": found ",
         input.token_type_ids.size(), ", wanted ", tokens, " as there are input_ids");
  check_ids(record, input.input_ids, "input_ids", config.vocab_size);
  check_ids(record, input.token_type_ids, "token_type_ids", config.type_vocab_size);
  return input;
}

}  // namespace

TextEmbedder EmbeddingFlags::open(const Command& command, std::ostream& err) const {
  TextEmbedderOptions options{.pooling = poolings_of(pooling), .batch_tokens = batch_tokens};
  if (command.is_set("normalize")) options.normalize = normalize;
  if (command.is_set("layer")) options.layer = layer;
  if (command.is_set("dimensions")) options.dimensions = dimensions;
  if (command.is_set("max_seq_length")) options.max_seq_length = max_seq_length;
  TextEmbedder embedder = TextEmbedder::from_pretrained(model, common.model(err), options);
  if (!common.quiet)
    for (const auto& warning : embedder.warnings()) err << "albert: warning: " << warning << "\n";
  return embedder;
}

void add_embedding(Command& command, EmbeddingFlags& flags) {
  command.required("model", flags.model,
                   "folder of a pre-trained or fine-tuned model, or of sentence-transformers");
  command.option(
      "pooling", flags.pooling,
      "how tokens become one vector, one of " +
          [] {
            std::string names;
            for (const auto& name : pooling_names()) names += (names.empty() ? "" : ", ") + name;
            return names;
          }() +
          ", or several between commas, side by side; without it as the folder says, "
          "else mean");
  command.option("layer", flags.layer,
                 "whose hidden states: 0 the embeddings, 1 the first layer, -1 the last");
  command.boolean("normalize", flags.normalize,
                  "vectors of length 1, or --no_normalize: as they are; without it as the folder "
                  "says");
  command.option("dimensions", flags.dimensions,
                 "only the first of them, for models that were trained for it");
  command.option("max_seq_length", flags.max_seq_length,
                 "longer texts are truncated; without it as the folder says, else the model's "
                 "positions");
  command.option("batch_tokens", flags.batch_tokens, "tokens at once; a longer text goes alone");
  command.omit_unless_set("layer");
  command.omit_unless_set("dimensions");
  command.omit_unless_set("max_seq_length");
  command.omit_unless_set("normalize");
  for (const char* name : {"layer", "dimensions", "max_seq_length", "normalize"})
    command.hide_default(name);
  command.alias("model", {"model_name_or_path"});
  command.alias("dimensions", {"truncate_dim"});
  command.alias("normalize", {"normalize_embeddings"});
}

EmbedderInput input_of(const Record& record, const std::string& column,
                       const TextEmbedder& embedder, std::optional<std::string_view> prompt) {
  if (record.is_text()) return embedder.encode(record.line(), prompt);
  if (!record.has(column) && record.has("input_ids")) return given_ids(record, embedder);
  return embedder.encode(record.at(column), prompt);
}

RecordFormat format_of_texts(const std::string& input) {
  if (is_standard_input(input)) return RecordFormat::kLines;
  const RecordFormat format = format_of_data(input);
  const bool lines = format == RecordFormat::kTable && !has_extension(input, ".tsv");
  return lines ? RecordFormat::kLines : format;
}

}  // namespace albert::apps
