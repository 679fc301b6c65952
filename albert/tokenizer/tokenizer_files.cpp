// Tokenizers from files and files from tokenizers.
#include <algorithm>

#include "albert/base/atomic_file.h"
#include "albert/base/input_file.h"
#include "albert/base/printable.h"
#include "albert/tokenizer/config_files.h"
#include "albert/tokenizer/pipeline/read_pipeline.h"
#include "albert/tokenizer/sentence_piece.h"
#include "albert/tokenizer/tokenizer_json.h"
#include "albert/tokenizer/tokenizer_state.h"
#include "albert/tokenizer/word_piece.h"

namespace albert {
namespace {

namespace fs = std::filesystem;
using State = Tokenizer::State;

constexpr uint64_t kMaxFile = 64 << 20;
constexpr std::array kVocabularies{"spiece.model", "30k-clean.model", "vocab.txt",
                                   "tokenizer.json"};

// FNV-1a
uint64_t hash_of(std::string_view bytes, uint64_t hash = 0xCBF29CE484222325ULL) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

// Of the pieces and of what is done to text; `more` is what the three options do not say.
uint64_t fingerprint_of(const State& state, const std::string& more) {
  const TokenizerOptions& options = state.options;
  const char flags[] = {options.preprocessing == Preprocessing::kGoogle ? 'g' : 'h',
                        options.do_lower_case ? 'l' : '-', options.keep_accents ? 'a' : '-', 0};
  uint64_t hash = hash_of(flags);
  for (int32_t id = 0; id < state.encoder->size(); ++id)
    hash = hash_of(state.encoder->piece(id), hash_of("\n", hash));
  for (const auto& piece : state.added_pieces) hash = hash_of(piece, hash_of("\n+", hash));
  return hash_of(more, hash);
}

void set_tokens(State& state, const ResolvedTokens& tokens) {
  state.special = tokens.special;
  for (const int32_t id : tokens.special.all()) state.special_ids.insert(id);
  for (const AddedToken& token : tokens.tokens)
    if (token.special) state.special_ids.insert(token.id);
}

// Google's tokenizer does not look for its own special tokens in text.
std::vector<AddedToken> matched(const ResolvedTokens& tokens, const TokenizerConfig& config) {
  if (config.options.preprocessing == Preprocessing::kHuggingFace) return tokens.tokens;
  std::vector<AddedToken> others;
  for (const AddedToken& token : tokens.tokens)
    if (!token.special) others.push_back(token);
  return others;
}

std::unique_ptr<State> sentence_piece_state(const std::string& name, const std::string& bytes,
                                            const TokenizerConfig& config, bool may_add) {
  auto state = std::make_unique<State>();
  const SentenceModel model = parse_sentence_model(name, bytes);
  state->encoder = make_sentence_piece(name, model, config.options);
  const BaseVocabulary base{name, state->encoder->size(),
                            [&](std::string_view piece) { return state->encoder->id_of(piece); }};
  const ResolvedTokens tokens = resolve_tokens(base, config, {}, may_add);
  state->options = config.options;
  set_tokens(*state, tokens);
  for (const AddedToken& token : tokens.tokens)
    if (token.id >= base.size) state->added_pieces.push_back(token.content);
  state->added = AddedTokens(matched(tokens, config), [&](const std::string& content) {
    return preprocess(content, config.options).text;
  });
  state->special_tokens = SequenceTemplate::of(tokens.special.cls, tokens.special.sep);
  state->fingerprint = fingerprint_of(*state, "");
  state->files = config_files("AlbertTokenizer", config, tokens, base.size);
  state->files["spiece.model"] = bytes;
  state->files["tokenizer.json"] = write_tokenizer_json(model, config.options, tokens);
  return state;
}

std::unique_ptr<State> word_piece_state(const std::string& name, const std::string& bytes,
                                        const TokenizerConfig& config) {
  auto state = std::make_unique<State>();
  std::vector<std::string> pieces = read_vocabulary_lines(name, bytes);
  const PieceTable table(pieces);
  const BaseVocabulary base{name, table.size(),
                            [&](std::string_view piece) { return table.id_of(piece); }};
  const DefaultNames names{
      .pad = {"[PAD]", "<pad>"}, .unk = {"[UNK]", "<unk>"}, .mask_lstrip = false};
  const ResolvedTokens tokens = resolve_tokens(base, config, names, !config.files.empty());
  state->options = config.options;
  set_tokens(*state, tokens);
  state->special_tokens = SequenceTemplate::of(tokens.special.cls, tokens.special.sep);
  state->files = config_files("BertTokenizer", config, tokens, base.size);
  state->files["vocab.txt"] = bytes;
  state->files["tokenizer.json"] = write_tokenizer_json(pieces, config, tokens);
  state->encoder = make_word_piece(name, std::move(pieces), config, tokens);
  state->fingerprint = fingerprint_of(*state, bert_settings(config));
  return state;
}

bool has_token(const std::vector<AddedToken>& tokens, const AddedToken& token) {
  return std::any_of(tokens.begin(), tokens.end(),
                     [&](const AddedToken& known) { return known.content == token.content; });
}

// Whether the files beside a tokenizer.json name the token, so that transformers adds it.
bool names_token(const TokenizerConfig& config, const AddedToken& token) {
  return has_token(config.added, token) || has_token(config.additional, token) ||
         std::any_of(config.special.begin(), config.special.end(),
                     [&](const auto& entry) { return entry.second.content == token.content; });
}

// The roles that a tokenizer.json has names for, by its template and its model.
DefaultNames default_names(const PipelineFile& file) {
  DefaultNames names{.cls = {"[CLS]", "<s>"},
                     .sep = {"[SEP]", "</s>"},
                     .mask = {"[MASK]", "<mask>"},
                     .pad = {"[PAD]", "<pad>"},
                     .unk = {"[UNK]", "<unk>"},
                     .mask_lstrip = false};
  const auto name_first = [&](const SequenceTemplate::Item& item, std::vector<std::string>& list) {
    if (item.ids.size() == 1) list.insert(list.begin(), file.text_of(item.ids[0]));
  };
  const auto& around = file.special_tokens.single;
  if (!around.empty()) {
    name_first(around.front(), names.cls);
    name_first(around.back(), names.sep);
  }
  if (!file.unknown.empty()) names.unk.insert(names.unk.begin(), file.unknown);
  return names;
}

// The steps of a tokenizer.json, and what the folder's other files name beside it.
std::unique_ptr<State> pipeline_state(const std::string& name, const std::string& text,
                                      const TokenizerConfig& config) {
  auto state = std::make_unique<State>();
  PipelineFile file = read_pipeline(name, text);
  const BaseVocabulary base{name, file.size(),
                            [&](std::string_view piece) { return file.id_of(piece); }};
  const ResolvedTokens tokens = resolve_tokens(base, config, default_names(file), false);
  set_tokens(*state, tokens);
  for (const AddedToken& token : file.steps.added)
    if (token.special) state->special_ids.insert(token.id);
  for (const AddedToken& token : tokens.tokens)
    if (names_token(config, token) && !has_token(file.steps.added, token))
      file.steps.added.push_back(token);
  state->options = {.do_lower_case = false, .keep_accents = true};
  state->special_tokens = file.special_tokens;
  state->files = config.files;
  if (config.files.count("tokenizer_config.json") == 0)
    state->files = config_files("PreTrainedTokenizerFast", config, tokens, base.size);
  state->files["tokenizer.json"] = text;
  state->encoder = std::make_unique<const Pipeline>(std::move(file.steps));
  state->fingerprint = fingerprint_of(*state, text);
  return state;
}

// The file of a folder, or of a TF-Hub module's assets in it, that the tokenizer is read from, best
// first.
fs::path vocabulary_in(const fs::path& folder) {
  std::error_code error;
  for (const fs::path& place : {folder, folder / "assets"})
    for (const char* name : kVocabularies)
      if (fs::exists(place / name, error)) return place / name;
  fail(ErrorCode::kMissingInput, folder.string(), ": found no tokenizer, wanted ",
       one_of(kVocabularies));
}

void apply(const TokenizerOverrides& overrides, TokenizerOptions& options) {
  options.preprocessing = overrides.preprocessing.value_or(options.preprocessing);
  options.do_lower_case = overrides.do_lower_case.value_or(options.do_lower_case);
  options.keep_accents = overrides.keep_accents.value_or(options.keep_accents);
}

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::from_sentence_model(const std::string& name,
                                                                const std::string& bytes,
                                                                const TokenizerOptions& options) {
  TokenizerConfig config;
  config.options = options;
  return std::shared_ptr<const Tokenizer>(
      new Tokenizer(sentence_piece_state(name, bytes, config, false)));
}

std::shared_ptr<const Tokenizer> Tokenizer::from_pretrained(const fs::path& path,
                                                            const TokenizerOptions& options) {
  return from_pretrained(path, TokenizerOverrides{.preprocessing = options.preprocessing,
                                                  .do_lower_case = options.do_lower_case,
                                                  .keep_accents = options.keep_accents});
}

std::shared_ptr<const Tokenizer> Tokenizer::from_pretrained(const fs::path& path,
                                                            const TokenizerOverrides& overrides) {
  std::error_code error;
  const bool folder = fs::is_directory(path, error);
  if (!folder && !fs::exists(fs::symlink_status(path, error)))
    fail(ErrorCode::kMissingInput, path.string(), ": no such file or folder");
  const fs::path file = folder ? vocabulary_in(path) : path;
  const std::string name = file.string(), bytes = read_text_file(file, kMaxFile);
  TokenizerConfig config = folder ? read_tokenizer_config(path) : TokenizerConfig{};
  std::unique_ptr<State> state;
  if (file.extension() == ".json") {
    if (overrides.any())
      fail(ErrorCode::kMismatch, name,
           ": says itself how text is normalised; preprocessing, "
           "do_lower_case and keep_accents are for a spiece.model or vocab.txt");
    state = pipeline_state(name, bytes, config);
  } else {
    apply(overrides, config.options);
    if (overrides.keep_accents && *overrides.keep_accents) config.strip_accents = false;
    state = file.extension() == ".txt"
                ? word_piece_state(name, bytes, config)
                : sentence_piece_state(name, bytes, config, !config.files.empty());
  }
  return std::shared_ptr<const Tokenizer>(new Tokenizer(std::move(state)));
}

void Tokenizer::save_pretrained(const std::filesystem::path& folder) const {
  for (const auto& [name, contents] : files()) write_file_atomically(folder / name, contents);
}

}  // namespace albert
