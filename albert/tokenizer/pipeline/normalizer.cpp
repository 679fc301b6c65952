#include "albert/tokenizer/pipeline/normalizer.h"

#include <functional>
#include <string>
#include <vector>

#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/tokenizer/pipeline/pattern.h"
#include "albert/tokenizer/pipeline/precompiled.h"
#include "albert/tokenizer/pipeline/regex.h"
#include "albert/tokenizer/pipeline/unicode.h"

namespace albert {
namespace {

constexpr size_t kMaxPutIn = size_t{1} << 24;

using Run = std::function<Points(const Points&)>;

// A step that is a function.
class Step final : public Normalizer {
 public:
  explicit Step(Run run) : run_(std::move(run)) {}
  Points run(const Points& text) const override { return run_(text); }

 private:
  Run run_;
};

std::unique_ptr<const Normalizer> step_of(Run run) {
  return std::make_unique<const Step>(std::move(run));
}

// The rules SentencePiece took from its machine translation: no controls, and blanks for what is
// like one.
Points without_controls(const Points& text) {
  Points kept = filtered(text, [](int32_t c) {
    return !((c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F ||
             c == 0x8F || c == 0x9F);
  });
  for (Point& p : kept) {
    const int32_t c = p.code;
    if (c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 ||
        (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF ||
        c == 0xFFFD)
      p.code = ' ';
  }
  return kept;
}

Points stripped(const Points& text, bool left, bool right) {
  size_t begin = 0, end = text.size();
  while (left && begin < end && is_white_space(text[begin].code)) ++begin;
  while (right && end > begin && is_white_space(text[end - 1].code)) --end;
  return {text.begin() + static_cast<std::ptrdiff_t>(begin),
          text.begin() + static_cast<std::ptrdiff_t>(end)};
}

// What is put in stands for the last code point of what it replaces.
Points replaced(const Points& text, const Regex& pattern, const Points& content) {
  const auto matches = pattern.matches(text);
  // Steps that each make a text a little longer make it endless together.
  if (matches.size() * content.size() > kMaxPutIn)
    fail(ErrorCode::kBadData, "a Replace step puts more than ", kMaxPutIn,
         " characters into the text");
  Points result;
  size_t at = 0;
  for (const auto& [begin, end] : matches) {
    result.insert(result.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                  text.begin() + static_cast<std::ptrdiff_t>(begin));
    const Point from = end > 0 ? text[end - 1] : Point{};
    for (const Point& p : content) result.push_back({p.code, from.begin, from.end});
    at = end;
  }
  result.insert(result.end(), text.begin() + static_cast<std::ptrdiff_t>(at), text.end());
  return result;
}

Points cleaned(const Points& text, bool google) {
  Points kept = filtered(text, [&](int32_t c) {
    if (c == '\t' || c == '\n' || c == '\r') return true;
    return c != 0 && c != 0xFFFD && !(google ? is_control(c) : is_other(c));
  });
  for (Point& p : kept)
    if (is_white_space(p.code)) p.code = ' ';
  return kept;
}

Points with_chinese_apart(const Points& text) {
  Points result;
  result.reserve(text.size());
  for (const Point& p : text) {
    const bool apart = is_chinese(p.code);
    if (apart) result.push_back({' ', p.begin, p.end});
    result.push_back(p);
    if (apart) result.push_back({' ', p.begin, p.end});
  }
  return result;
}

std::unique_ptr<const Normalizer> read_sequence(const JsonView& list) {
  std::vector<std::shared_ptr<const Normalizer>> steps;
  for (size_t i = 0; i < list.size(); ++i) steps.push_back(read_normalizer(list.item(i)));
  return step_of([steps](const Points& text) {
    Points result = text;
    for (const auto& step : steps) result = step->run(result);
    return result;
  });
}

std::unique_ptr<const Normalizer> read_bert(const JsonView& step) {
  BertRules rules;
  rules.clean_text = step.at("clean_text").boolean();
  rules.chinese_characters = step.at("handle_chinese_chars").boolean();
  rules.lower_case = step.at("lowercase").boolean();
  rules.strip_accents = step.boolean_or("strip_accents", rules.lower_case);
  return make_bert_normalizer(rules);
}

struct Known {
  const char* name;
  std::unique_ptr<const Normalizer> (*read)(const JsonView&);
};

template <NormalForm kForm>
std::unique_ptr<const Normalizer> read_form(const JsonView&) {
  return step_of([](const Points& text) { return normal_form(text, kForm); });
}

const Known kKnown[] = {
    {"NFC", read_form<NormalForm::kNfc>},
    {"NFD", read_form<NormalForm::kNfd>},
    {"NFKC", read_form<NormalForm::kNfkc>},
    {"NFKD", read_form<NormalForm::kNfkd>},
    {"Nmt", [](const JsonView&) { return step_of(without_controls); }},
    {"Lowercase", [](const JsonView&) { return step_of(lower_case); }},
    {"StripAccents",
     [](const JsonView&) {
       return step_of([](const Points& text) {
         return filtered(text, [](int32_t c) { return !is_combining(c); });
       });
     }},
    {"Strip",
     [](const JsonView& step) {
       const bool left = step.at("strip_left").boolean(), right = step.at("strip_right").boolean();
       return step_of([=](const Points& text) { return stripped(text, left, right); });
     }},
    {"Prepend",
     [](const JsonView& step) {
       const Points before = points_of(step.at("prepend").string());
       return step_of([before](const Points& text) { return prepended(text, before); });
     }},
    {"Replace",
     [](const JsonView& step) {
       const Regex pattern = read_pattern(step.at("pattern"));
       const Points content = points_of(step.at("content").string());
       return step_of([=](const Points& text) { return replaced(text, pattern, content); });
     }},
    {"Precompiled",
     [](const JsonView& step) {
       const auto rules = std::make_shared<const Precompiled>(read_charsmap(step));
       return step_of([rules](const Points& text) { return rules->run(text); });
     }},
    {"BertNormalizer", read_bert},
    {"Sequence", [](const JsonView& step) { return read_sequence(step.at("normalizers")); }},
};

}  // namespace

std::unique_ptr<const Normalizer> make_bert_normalizer(const BertRules& rules) {
  return step_of([rules](const Points& text) {
    Points result = rules.clean_text ? cleaned(text, rules.google) : text;
    if (rules.chinese_characters) result = with_chinese_apart(result);
    if (rules.strip_accents)
      result = filtered(normal_form(result, NormalForm::kNfd),
                        [](int32_t c) { return !is_nonspacing(c); });
    return rules.lower_case ? lower_case(result) : result;
  });
}

std::unique_ptr<const Normalizer> read_normalizer(const JsonView& step) {
  const JsonView type = step.at("type");
  std::vector<std::string> names;
  for (const Known& known : kKnown) {
    if (type.string() == known.name) return known.read(step);
    names.emplace_back(known.name);
  }
  type.fail_wanted(one_of(names));
}

}  // namespace albert
