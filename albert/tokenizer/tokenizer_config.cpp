#include "albert/tokenizer/tokenizer_config.h"

#include <algorithm>
#include <array>

#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxFile = 64 << 20;
constexpr const char* kConfig = "tokenizer_config.json";
constexpr const char* kSpecialMap = "special_tokens_map.json";
constexpr const char* kAdded = "added_tokens.json";
constexpr std::array kSpecialNames{"bos_token", "eos_token", "unk_token", "sep_token",
                                   "pad_token", "cls_token", "mask_token"};
constexpr std::array kAdditionalNames{"additional_special_tokens", "extra_special_tokens"};
constexpr std::array<std::string_view, 6> kClasses{"AlbertTokenizer",         "AlbertTokenizerFast",
                                                   "BertTokenizer",           "BertTokenizerFast",
                                                   "PreTrainedTokenizerFast", "TokenizersBackend"};

// One of the folder's files, if it is there.
struct File {
  std::string name;
  nlohmann::json document;
  JsonView view() const { return {name, document}; }
};

std::optional<File> read_file(const fs::path& folder, const char* name, TokenizerConfig& config) {
  const fs::path path = folder / name;
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  const std::string& text = config.files[name] = read_text_file(path, kMaxFile);
  File file{path.string(), parse_json(path.string(), text)};
  file.view().object();
  return file;
}

// A token is a text, or an object with a text and its settings.
AddedToken read_token(const JsonView& value, AddedToken settings) {
  if (value.raw().is_string()) {
    settings.content = value.string();
    return settings;
  }
  if (!value.raw().is_object()) value.fail_wanted("a text, or an object with content");
  return {.content = value.at("content").string(),
          .id = settings.id,
          .single_word = value.boolean_or("single_word", settings.single_word),
          .lstrip = value.boolean_or("lstrip", settings.lstrip),
          .rstrip = value.boolean_or("rstrip", settings.rstrip),
          .normalized = value.boolean_or("normalized", settings.normalized),
          .special = value.boolean_or("special", settings.special)};
}

void read_special(const JsonView& file, TokenizerConfig& config) {
  for (const char* name : kSpecialNames)
    if (const auto token = file.find(name)) {
      config.special[name] = read_token(*token, {.content = "", .special = true});
      config.special[name].special = true;
    }
  for (const char* name : kAdditionalNames) {
    const auto list = file.find(name);
    // transformers 5 also writes an object of names here.
    if (!list || !list->raw().is_array()) continue;
    config.additional.clear();
    for (size_t i = 0; i < list->size(); ++i)
      config.additional.push_back(read_token(list->item(i), {.content = "", .special = true}));
  }
}

int32_t read_id(const JsonView& value, int64_t id) {
  if (id < 0 || id > INT32_MAX) value.fail_wanted("an id from 0 up");
  return static_cast<int32_t>(id);
}

bool read_added_decoder(const JsonView& file, TokenizerConfig& config) {
  const auto decoder = file.find("added_tokens_decoder");
  if (!decoder) return false;
  for (const auto& [key, ignored] : decoder->object().raw().items()) {
    const JsonView entry = decoder->at(key);
    if (key.empty() || key.size() > 9 || key.find_first_not_of("0123456789") != std::string::npos)
      entry.fail_wanted("an id as its key");
    // AddedToken's own default: what is not special is matched on normalised text.
    const bool special = entry.boolean_or("special", false);
    config.added.push_back(read_token(entry, {.content = "",
                                              .id = read_id(entry, std::stoll(key)),
                                              .normalized = !special,
                                              .special = special}));
  }
  return true;
}

void read_added_file(const JsonView& file, TokenizerConfig& config) {
  const auto is_special = [&](const std::string& text) {
    const auto has_text = [&](const AddedToken& t) { return t.content == text; };
    return std::any_of(config.special.begin(), config.special.end(),
                       [&](const auto& entry) { return has_text(entry.second); }) ||
           std::any_of(config.additional.begin(), config.additional.end(), has_text);
  };
  for (const auto& [text, ignored] : file.object().raw().items()) {
    const JsonView id = file.at(text);
    const bool special = is_special(text);
    config.added.push_back({.content = text,
                            .id = read_id(id, id.integer()),
                            .normalized = !special,
                            .special = special});
  }
}

void read_options(const JsonView& file, TokenizerConfig& config) {
  TokenizerOptions& options = config.options;
  options.do_lower_case = file.boolean_or("do_lower_case", options.do_lower_case);
  options.keep_accents = file.boolean_or("keep_accents", options.keep_accents);
  if (const auto preprocessing = file.find("preprocessing")) {
    if (preprocessing->string() == "google")
      options.preprocessing = Preprocessing::kGoogle;
    else if (preprocessing->string() != "huggingface")
      preprocessing->fail_wanted(one_of({"huggingface", "google"}));
  }
  if (const auto strip = file.find("strip_accents")) config.strip_accents = strip->boolean();
  config.tokenize_chinese_chars = file.boolean_or("tokenize_chinese_chars", true);
  config.do_basic_tokenize = file.boolean_or("do_basic_tokenize", true);
  if (const auto words = file.find("never_split"))
    for (size_t i = 0; i < words->size(); ++i)
      config.never_split.push_back(words->item(i).string());
}

void check_class(const JsonView& file) {
  const auto name = file.find("tokenizer_class");
  if (!name || std::find(kClasses.begin(), kClasses.end(), name->string()) != kClasses.end())
    return;
  fail(ErrorCode::kMismatch, name->place(), ": found ", in_quotes(name->string()), ", wanted ",
       one_of(kClasses));
}

}  // namespace

AddedToken TokenizerConfig::special_or(const std::string& key, const std::string& otherwise) const {
  const auto at = special.find(key);
  return at != special.end() ? at->second : AddedToken{.content = otherwise, .special = true};
}

TokenizerConfig read_tokenizer_config(const fs::path& folder) {
  TokenizerConfig config;
  bool has_decoder = false;
  const auto file = read_file(folder, kConfig, config);
  if (file) {
    check_class(file->view());
    read_options(file->view(), config);
    read_special(file->view(), config);
    has_decoder = read_added_decoder(file->view(), config);
  }
  // Before there was an added_tokens_decoder these two files said the same, and the first wins over
  // the names in tokenizer_config.json.
  const auto map = read_file(folder, kSpecialMap, config);
  const auto added = read_file(folder, kAdded, config);
  if (!has_decoder) {
    if (map) read_special(map->view(), config);
    if (added) read_added_file(added->view(), config);
  }
  std::sort(config.added.begin(), config.added.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  for (auto& [name, token] : config.special)
    for (const AddedToken& known : config.added)
      if (known.content == token.content) token = known;
  return config;
}

}  // namespace albert
