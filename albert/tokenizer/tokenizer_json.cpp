#include "albert/tokenizer/tokenizer_json.h"

#include <cmath>

#include "albert/base/error.h"
#include "albert/base/json.h"
#include "albert/tokenizer/sentence_piece.h"

namespace albert {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Type = SentenceModel::Type;

constexpr double kDigitCommaPenalty = -100;  // transformers' AlbertConverter
constexpr const char* kDigits64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const std::vector<std::string> kSpecials = {"<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"};

[[noreturn]] void fail(const std::string& name, const std::string& what) {
  albert::fail(ErrorCode::kBadData, name, ": ", what);
}

std::string base64(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (size_t j = 0; j < 4; ++j)
      text += i + j <= bytes.size() ? kDigits64[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

std::string from_base64(const std::string& name, std::string_view text) {
  std::string bytes;
  uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    const char* digit = std::char_traits<char>::find(kDigits64, 64, c);
    if (!digit) fail(name, "precompiled_charsmap is not base64");
    group = group << 6 | static_cast<uint32_t>(digit - kDigits64);
    if ((bits += 6) < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<char>(group >> bits));
  }
  return bytes;
}

ordered_json added_tokens(const SentenceModel& model) {
  ordered_json added = ordered_json::array();
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const std::string& text = model.pieces[id].text;
    if (std::find(kSpecials.begin(), kSpecials.end(), text) == kSpecials.end()) continue;
    added.push_back({{"id", id},
                     {"content", text},
                     {"single_word", false},
                     {"lstrip", text == "[MASK]"},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  return added;
}

ordered_json normalizer(const SentenceModel& model, const TokenizerOptions& options) {
  ordered_json steps = ordered_json::array();
  if (options.preprocessing == Preprocessing::kHuggingFace)
    for (const char* quotes : {"``", "''"})
      steps.push_back({{"type", "Replace"}, {"pattern", {{"String", quotes}}}, {"content", "\""}});
  if (!options.keep_accents) {
    steps.push_back({{"type", "NFKD"}});
    steps.push_back({{"type", "StripAccents"}});
  }
  if (options.do_lower_case) steps.push_back({{"type", "Lowercase"}});
  if (!model.charsmap.empty())
    steps.push_back({{"type", "Precompiled"}, {"precompiled_charsmap", base64(model.charsmap)}});
  return {{"type", "Sequence"}, {"normalizers", steps}};
}

ordered_json template_json(const SentenceModel& model) {
  const auto special = [](const char* id, int type) {
    return ordered_json{{"SpecialToken", {{"id", id}, {"type_id", type}}}};
  };
  const auto sequence = [](const char* id, int type) {
    return ordered_json{{"Sequence", {{"id", id}, {"type_id", type}}}};
  };
  ordered_json specials;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const std::string& text = model.pieces[id].text;
    if (text == "[CLS]" || text == "[SEP]")
      specials[text] = {{"id", text}, {"ids", json::array({id})}, {"tokens", json::array({text})}};
  }
  return {{"type", "TemplateProcessing"},
          {"single", {special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)}},
          {"pair",
           {special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0), sequence("B", 1),
            special("[SEP]", 1)}},
          {"special_tokens", specials}};
}

ordered_json unigram(const SentenceModel& model) {
  ordered_json vocab = ordered_json::array();
  size_t unknown = 0;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const auto& piece = model.pieces[id];
    if (piece.type == Type::kUnknown) unknown = id;
    const double penalty = ends_in_digit_comma(piece.text) ? kDigitCommaPenalty : 0;
    vocab.push_back({piece.text, static_cast<double>(piece.score) + penalty});
  }
  return {{"type", "Unigram"}, {"unk_id", unknown}, {"vocab", vocab}, {"byte_fallback", false}};
}

Type type_of(const std::string& text, size_t id, size_t unknown, double score) {
  if (id == unknown) return Type::kUnknown;
  if (std::find(kSpecials.begin(), kSpecials.end(), text) != kSpecials.end()) return Type::kControl;
  return score == 0 ? Type::kUserDefined
                    : Type::kNormal;  // the symbols of ALBERT's vocabulary have no score
}

void read_normalizer(const std::string& name, const json& steps, SentenceModel& model,
                     TokenizerOptions& options) {
  options = {Preprocessing::kGoogle, false, true};
  for (const auto& step : steps) {
    const std::string type = step.value("type", "");
    if (type == "Replace" && step.value("content", "") == "\"")
      options.preprocessing = Preprocessing::kHuggingFace;
    if (type == "StripAccents") options.keep_accents = false;
    if (type == "Lowercase") options.do_lower_case = true;
    if (type == "Precompiled")
      model.charsmap =
          from_base64(name, step.at("precompiled_charsmap").get_ref<const std::string&>());
  }
}

}  // namespace

std::string write_tokenizer_json(const SentenceModel& model, const TokenizerOptions& options) {
  const ordered_json metaspace{{"type", "Metaspace"},
                               {"replacement", "\u2581"},
                               {"prepend_scheme", "always"},
                               {"split", true}};
  const ordered_json file{
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", added_tokens(model)},
      {"normalizer", normalizer(model, options)},
      {"pre_tokenizer",
       {{"type", "Sequence"},
        {"pretokenizers", ordered_json::array({{{"type", "WhitespaceSplit"}}, metaspace})}}},
      {"post_processor", template_json(model)},
      {"decoder", metaspace},
      {"model", unigram(model)}};
  return file.dump(1, ' ', false) + "\n";
}

SentenceModel read_tokenizer_json(const std::string& name, const std::string& text,
                                  TokenizerOptions* options) {
  const json file = parse_json(name, text);
  if (!file.is_object()) fail(name, "not a JSON object");
  try {
    const json& unigram = file.at("model");
    if (unigram.value("type", "") != "Unigram")
      fail(name, "a model of type " + unigram.value("type", "?") + "; ALBERT's is Unigram");
    const auto unknown = unigram.at("unk_id").get<size_t>();
    SentenceModel model;
    for (const auto& entry : unigram.at("vocab")) {
      const auto piece = entry.at(0).get<std::string>();
      const double score =
          entry.at(1).get<double>() - (ends_in_digit_comma(piece) ? kDigitCommaPenalty : 0);
      const size_t id = model.pieces.size();
      model.pieces.push_back(
          {piece, static_cast<float>(score), type_of(piece, id, unknown, score)});
    }
    TokenizerOptions found;
    const json& steps = file.at("normalizer");
    read_normalizer(name,
                    steps.contains("normalizers") ? steps.at("normalizers") : json::array({steps}),
                    model, found);
    if (options) *options = found;
    return model;
  } catch (const json::exception& e) {
    fail(name, e.what());
  }
}

}  // namespace albert
