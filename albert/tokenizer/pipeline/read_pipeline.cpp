#include "albert/tokenizer/pipeline/read_pipeline.h"

#include "albert/base/json.h"
#include "albert/tokenizer/pipeline/post_processor.h"

namespace albert {
namespace {

AddedToken read_added_token(const JsonView& entry) {
  return {.content = entry.at("content").string(),
          .id = static_cast<int32_t>(std::min<int64_t>(entry.at("id").integer(), INT32_MAX)),
          .single_word = entry.boolean_or("single_word", false),
          .lstrip = entry.boolean_or("lstrip", false),
          .rstrip = entry.boolean_or("rstrip", false),
          .normalized = entry.boolean_or("normalized", false),
          .special = entry.boolean_or("special", false)};
}

// The library gives a token the id of the piece that has its text, and the next free one otherwise,
// whatever the file says: so a file that says something else is refused.
std::vector<AddedToken> read_added_tokens(const JsonView& list, const PieceTable& table) {
  std::vector<AddedToken> tokens;
  std::unordered_map<std::string, int32_t> known;
  int64_t next = table.size();
  for (size_t i = 0; i < list.size(); ++i) {
    AddedToken token = read_added_token(list.item(i));
    const auto piece = table.id_of(token.content);
    const auto [at, is_new] =
        known.emplace(token.content, piece ? *piece : static_cast<int32_t>(next));
    if (token.id != at->second)
      list.item(i).at("id").fail_wanted(
          std::to_string(at->second) + ", which follows from the vocabulary and the tokens before");
    if (is_new && !piece) ++next;
    if (is_new && !token.content.empty()) tokens.push_back(std::move(token));
  }
  return tokens;
}

SequenceTemplate texts_alone() {
  using Kind = SequenceTemplate::Item::Kind;
  return {{{Kind::kText, 0}}, {{Kind::kText, 0}, {Kind::kPair, 1}}};
}

std::string unknown_of(const JsonView& model, const PieceTable& table) {
  if (const auto text = model.find("unk_token")) return text->string();
  const auto id = model.find("unk_id");
  return id ? table.pieces().at(static_cast<size_t>(id->integer())) : "";
}

}  // namespace

PipelineFile read_pipeline(const std::string& name, const std::string& text) {
  const auto document = parse_json(name, text);
  const JsonView file(name, document);
  PipelineSteps steps;
  steps.model = read_word_model(file.at("model"));
  if (const auto step = file.find("normalizer")) steps.normalizer = read_normalizer(*step);
  if (const auto step = file.find("pre_tokenizer")) steps.pre_tokenizer = read_pre_tokenizer(*step);
  if (const auto step = file.find("decoder")) steps.decoder = read_decoder(*step);
  if (const auto list = file.find("added_tokens"))
    steps.added = read_added_tokens(*list, steps.model->table());
  PipelineFile result;
  result.unknown = unknown_of(file.at("model"), steps.model->table());
  result.steps = std::move(steps);
  const auto step = file.find("post_processor");
  result.special_tokens = step ? read_post_processor(*step, result.size()) : texts_alone();
  return result;
}

int64_t PipelineFile::size() const {
  int64_t size = steps.model->table().size();
  for (const AddedToken& token : steps.added) size = std::max<int64_t>(size, token.id + 1);
  return size;
}

std::string PipelineFile::text_of(int32_t id) const {
  for (const AddedToken& token : steps.added)
    if (token.id == id) return token.content;
  return steps.model->table().pieces().at(static_cast<size_t>(id));
}

std::optional<int32_t> PipelineFile::id_of(std::string_view text) const {
  for (const AddedToken& token : steps.added)
    if (token.content == text) return token.id;
  return steps.model->table().id_of(text);
}

}  // namespace albert
