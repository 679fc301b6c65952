#include "albert/trainer/data/documents.h"

#include <algorithm>
#include <array>

#include "albert/base/ascii.h"
#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/tokenizer/preprocess.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

constexpr std::array<std::string_view, 22> kAbbreviations = {
    "mr",  "mrs", "ms", "dr", "st", "prof", "rev", "gen", "col", "capt", "lieut",
    "sgt", "hon", "jr", "sr", "vs", "etc",  "e.g", "i.e", "no",  "vol",  "messrs"};

// The line without white space around it, as Python's strip().
std::string_view stripped(std::string_view line) {
  size_t begin = 0, end = 0;
  for (size_t at = 0; at < line.size();) {
    const size_t before = at;
    if (is_space(read_code_point(line, at))) continue;
    if (end == 0) begin = before;
    end = at;
  }
  return line.substr(begin, end - begin);
}

// As create_pretraining_data.py finds that preprocess_text leaves nothing of a line. White space
// within it stays there, and so does all of ASCII.
bool is_empty_line(std::string_view line) {
  const std::string_view text = stripped(line);
  for (size_t at = 0; at < text.size();)
    if (const int32_t code = read_code_point(text, at); code < 0x80 || is_space(code)) return false;
  return text.empty() || preprocess(text, {.preprocessing = Preprocessing::kGoogle}).text.empty();
}

bool is_closing(std::string_view rest, size_t& bytes) {
  for (const std::string_view mark : {"\"", "'", ")", "]", "\u201D", "\u2019"})
    if (rest.substr(0, mark.size()) == mark) {
      bytes = mark.size();
      return true;
    }
  return false;
}

bool begins_sentence(std::string_view rest) {
  if (rest.empty()) return false;
  const auto c = static_cast<unsigned char>(rest.front());
  if (std::isupper(c) || std::isdigit(c) || c == '"' || c == '\'' || c == '(') return true;
  return rest.substr(0, 3) == "\u201C" || rest.substr(0, 3) == "\u2018" || (c >= 0xC3 && c <= 0xCE);
}

// The word in front of the dot, in lower case.
std::string word_before(std::string_view text, size_t dot) {
  size_t begin = dot;
  while (begin > 0 && text[begin - 1] != ' ' && text[begin - 1] != '(' && text[begin - 1] != '"')
    --begin;
  return ascii_lower(std::string(text.substr(begin, dot - begin)));
}

bool is_abbreviation(std::string_view text, size_t dot) {
  if (text[dot] != '.') return false;
  const std::string word = word_before(text, dot);
  if (word.size() == 1 && std::isalpha(static_cast<unsigned char>(word[0]))) return word != "i";
  return std::find(kAbbreviations.begin(), kAbbreviations.end(), word) != kAbbreviations.end();
}

// The text of one line of JSON. Error(kBadData) where it is not an object with one under `key`.
std::string text_of(const TextReader& reader, const std::string& line, const std::string& key) {
  const auto object = parse_json_line(reader.name(), reader.line(), line);
  const auto text = JsonView(reader.name() + ":" + std::to_string(reader.line()), object).find(key);
  if (!text)
    fail(ErrorCode::kBadData, reader.name(), ":", reader.line(), ": found no text under ",
         in_quotes(key), ", wanted one; name its key with --text_key");
  return text->string();
}

}  // namespace

std::vector<std::string> split_sentences(const std::string& paragraph) {
  const std::string_view text = paragraph;
  std::vector<std::string> sentences;
  size_t begin = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '.' && text[at] != '?' && text[at] != '!') continue;
    if (is_abbreviation(text, at)) continue;
    size_t end = at + 1, bytes = 0;
    while (end < text.size() && is_closing(text.substr(end), bytes)) end += bytes;
    if (end >= text.size() || text[end] != ' ' || !begins_sentence(text.substr(end + 1))) continue;
    sentences.emplace_back(text.substr(begin, end - begin));
    begin = at = end + 1;
    --at;
  }
  if (begin < text.size()) sentences.emplace_back(text.substr(begin));
  return sentences;
}

DocumentReader::DocumentReader(const std::filesystem::path& path, const DocumentOptions& options)
    : reader_(path), options_(options), json_lines_(is_json_lines(path)) {}

void DocumentReader::fail_here(const std::string& what) const {
  fail(ErrorCode::kBadData, reader_.name(), ":", reader_.line(), ":", what);
}

bool DocumentReader::usable(std::string_view line) {
  const size_t bad = std::min(invalid_utf8(line), line.find('\0'));
  if (bad == std::string_view::npos) return true;
  ++skipped_;
  if (options_.skip_bad_lines) return false;
  fail_here(std::to_string(bad + 1) + (line[bad] == '\0' ? ": a NUL byte" : ": not UTF-8") +
            "; repair it, or leave such lines out with --on_bad_input skip");
}

void DocumentReader::add(Document& document, const std::string& line) const {
  if (!options_.split_sentences)
    document.push_back(line);
  else
    for (auto& sentence : split_sentences(line)) document.push_back(std::move(sentence));
}

bool DocumentReader::next(Document& document) {
  document.clear();
  return complete(document) || !document.empty();
}

bool DocumentReader::complete(Document& document) {
  if (json_lines_) return !document.empty() || next_json(document);
  std::string line;
  while (reader_.next(line)) {
    if (!usable(line)) continue;
    const bool blank = is_empty_line(line);
    if (blank && !document.empty()) return true;
    if (!blank) add(document, line);
  }
  return false;
}

bool DocumentReader::next_json(Document& document) {
  std::string line;
  while (document.empty() && reader_.next(line)) {
    if (is_empty_line(line) || !usable(line)) continue;
    std::string text;
    try {
      text = text_of(reader_, line, options_.text_key);
    } catch (const Error&) {
      ++skipped_;
      if (!options_.skip_bad_lines) throw;
    }
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      if (end > at) add(document, text.substr(at, end - at));
      at = end + 1;
    }
  }
  return !document.empty();
}

}  // namespace albert
