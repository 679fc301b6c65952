// Tokenizers from files and files from tokenizers.
#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/tokenizer/sentence_piece.h"
#include "albert/tokenizer/tokenizer_json.h"
#include "albert/tokenizer/tokenizer_state.h"
#include "albert/tokenizer/utf8.h"
#include "albert/tokenizer/word_piece.h"

namespace albert {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr uint64_t kMaxFile = 64 << 20;

[[noreturn]] void fail_missing(const std::string& what) { fail(ErrorCode::kMissingInput, what); }
[[noreturn]] void fail_data(const std::string& what) { fail(ErrorCode::kBadData, what); }

std::string contents(const fs::path& path) { return read_text_file(path, kMaxFile); }

// do_lower_case, keep_accents and our own "preprocessing" of tokenizer_config.json; the rest
// concerns others.
TokenizerOptions options_of(const fs::path& folder, TokenizerOptions options) {
  const fs::path path = folder / "tokenizer_config.json";
  std::error_code error;
  if (!fs::exists(path, error)) return options;
  const auto document = parse_json(path.string(), contents(path));
  const JsonView json(path.string(), document);
  options.do_lower_case = json.boolean_or("do_lower_case", options.do_lower_case);
  options.keep_accents = json.boolean_or("keep_accents", options.keep_accents);
  if (json.string_or("preprocessing", "") == "google")
    options.preprocessing = Preprocessing::kGoogle;
  return options;
}

// FNV-1a
uint64_t hash_of(std::string_view bytes, uint64_t hash = 0xCBF29CE484222325ULL) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

uint64_t fingerprint_of(const WordEncoder& encoder, const TokenizerOptions& options) {
  const char flags[] = {options.preprocessing == Preprocessing::kGoogle ? 'g' : 'h',
                        options.do_lower_case ? 'l' : '-', options.keep_accents ? 'a' : '-', 0};
  uint64_t hash = hash_of(flags);
  for (int32_t id = 0; id < encoder.size(); ++id)
    hash = hash_of(encoder.piece(id), hash_of("\n", hash));
  return hash;
}

// The first of `names` the vocabulary has.
int32_t special_id(const WordEncoder& encoder, const std::string& name,
                   std::initializer_list<const char*> names) {
  for (const char* text : names)
    if (const auto id = encoder.id_of(text)) return *id;
  fail_data(name + ": the vocabulary has no " + *names.begin() + ", which ALBERT needs");
}

std::unique_ptr<Tokenizer::State> state_of(const std::string& name,
                                           std::unique_ptr<const WordEncoder> encoder,
                                           const TokenizerOptions& options) {
  auto state = std::make_unique<Tokenizer::State>();
  state->cls = special_id(*encoder, name, {"[CLS]"});
  state->sep = special_id(*encoder, name, {"[SEP]"});
  state->mask = special_id(*encoder, name, {"[MASK]"});
  state->pad = special_id(*encoder, name, {"<pad>", "[PAD]"});
  state->unk = special_id(*encoder, name, {"<unk>", "[UNK]"});
  state->options = options;
  state->fingerprint = fingerprint_of(*encoder, options);
  state->encoder = std::move(encoder);
  return state;
}

// The file of a folder that the tokenizer is read from, best first.
fs::path vocabulary_in(const fs::path& folder) {
  std::error_code error;
  for (const char* name : {"spiece.model", "30k-clean.model", "vocab.txt", "tokenizer.json"})
    if (fs::exists(folder / name, error)) return folder / name;
  fail_missing(
      folder.string() +
      ": no tokenizer there; wanted spiece.model, 30k-clean.model, vocab.txt or tokenizer.json");
}

std::string config_json(const TokenizerOptions& options, const Tokenizer& t, bool sentence_piece) {
  ordered_json json;
  json["tokenizer_class"] = sentence_piece ? "AlbertTokenizer" : "BertTokenizer";
  json["do_lower_case"] = options.do_lower_case;
  if (sentence_piece) {
    json["keep_accents"] = options.keep_accents;
    json["remove_space"] = true;
    json["bos_token"] = "[CLS]";
    json["eos_token"] = "[SEP]";
  }
  json["cls_token"] = t.piece(t.cls_id());
  json["sep_token"] = t.piece(t.sep_id());
  json["unk_token"] = t.piece(t.unk_id());
  json["pad_token"] = t.piece(t.pad_id());
  json["mask_token"] = t.piece(t.mask_id());
  json["model_max_length"] = 512;
  json["model_input_names"] = {"input_ids", "token_type_ids", "attention_mask"};
  if (options.preprocessing == Preprocessing::kGoogle) json["preprocessing"] = "google";
  return json.dump(2) + "\n";
}

std::string special_tokens_json(const Tokenizer& t, bool sentence_piece) {
  ordered_json json;
  if (sentence_piece) {
    json["bos_token"] = "[CLS]";
    json["eos_token"] = "[SEP]";
  }
  json["cls_token"] = t.piece(t.cls_id());
  json["sep_token"] = t.piece(t.sep_id());
  json["unk_token"] = t.piece(t.unk_id());
  json["pad_token"] = t.piece(t.pad_id());
  json["mask_token"] = {{"content", t.piece(t.mask_id())},
                        {"lstrip", sentence_piece},
                        {"normalized", false},
                        {"rstrip", false},
                        {"single_word", false}};
  return json.dump(2) + "\n";
}

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::from_sentence_model(const std::string& name,
                                                                const std::string& bytes,
                                                                const TokenizerOptions& options) {
  auto state = state_of(name, make_sentence_piece(name, parse_sentence_model(name, bytes), options),
                        options);
  state->sentence_model = bytes;
  return std::shared_ptr<const Tokenizer>(new Tokenizer(std::move(state)));
}

std::shared_ptr<const Tokenizer> Tokenizer::from_pretrained(
    const fs::path& path, const std::optional<TokenizerOptions>& given) {
  std::error_code error;
  const bool folder = fs::is_directory(path, error);
  if (!folder && !fs::exists(path, error)) fail_missing(path.string() + ": no such file or folder");
  const fs::path file = folder ? vocabulary_in(path) : path;
  const std::string name = file.string(), bytes = contents(file);
  TokenizerOptions options = given.value_or(TokenizerOptions{});
  if (file.extension() == ".json") {
    const SentenceModel model = read_tokenizer_json(name, bytes, given ? nullptr : &options);
    return from_sentence_model(name, write_sentence_model(model), options);
  }
  if (folder && !given) options = options_of(path, options);
  if (file.extension() != ".txt") return from_sentence_model(name, bytes, options);
  auto state = state_of(name, make_word_piece(name, bytes, options), options);
  state->vocabulary = bytes;
  return std::shared_ptr<const Tokenizer>(new Tokenizer(std::move(state)));
}

std::map<std::string, std::string> Tokenizer::files() const {
  const bool sentence_piece = !state_->sentence_model.empty();
  std::map<std::string, std::string> files{
      {"tokenizer_config.json", config_json(state_->options, *this, sentence_piece)},
      {"special_tokens_map.json", special_tokens_json(*this, sentence_piece)}};
  if (!sentence_piece) {
    files["vocab.txt"] = state_->vocabulary;
    return files;
  }
  files["spiece.model"] = state_->sentence_model;
  files["tokenizer.json"] = write_tokenizer_json(
      parse_sentence_model("spiece.model", state_->sentence_model), state_->options);
  return files;
}

}  // namespace albert
