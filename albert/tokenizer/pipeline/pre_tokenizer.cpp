#include "albert/tokenizer/pipeline/pre_tokenizer.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/tokenizer/pipeline/pattern.h"
#include "albert/tokenizer/pipeline/split.h"
#include "albert/tokenizer/pipeline/unicode.h"

namespace albert {
namespace {

using Run = std::function<void(Points, std::vector<Points>&)>;
using Step = std::unique_ptr<const PreTokenizer>;

// A step that is a function.
class FunctionStep final : public PreTokenizer {
 public:
  explicit FunctionStep(Run run) : run_(std::move(run)) {}
  void run(Points text, std::vector<Points>& parts) const override { run_(std::move(text), parts); }

 private:
  Run run_;
};

Step step_of(Run run) { return std::make_unique<const FunctionStep>(std::move(run)); }

Step splitting(bool (*is_delimiter)(int32_t), Behavior behavior) {
  return step_of([=](const Points& text, std::vector<Points>& parts) {
    split(text, stretches_of(text, is_delimiter), behavior, parts);
  });
}

Step splitting(Regex pattern, Behavior behavior, bool invert) {
  return step_of([=](const Points& text, std::vector<Points>& parts) {
    split(text, stretches_of(text, pattern, invert), behavior, parts);
  });
}

// Runs of word characters and runs of others, without white space: the pattern \w+|[^\w\s]+.
Step words_and_others() {
  return step_of([](const Points& text, std::vector<Points>& parts) {
    const auto kind = [](const Point& p) {
      return is_word_or_joiner(p.code) ? 1 : is_white_space(p.code) ? 0 : 2;
    };
    for (auto begin = text.begin(); begin != text.end();) {
      const auto end =
          std::find_if(begin, text.end(), [&](const Point& p) { return kind(p) != kind(*begin); });
      if (kind(*begin) != 0) parts.emplace_back(begin, end);
      begin = end;
    }
  });
}

Step sequence_of(std::vector<std::shared_ptr<const PreTokenizer>> steps) {
  return step_of([steps](Points text, std::vector<Points>& parts) {
    std::vector<Points> open{std::move(text)};
    for (const auto& step : steps) {
      std::vector<Points> next;
      for (Points& part : open) step->run(std::move(part), next);
      open = std::move(next);
    }
    std::move(open.begin(), open.end(), std::back_inserter(parts));
  });
}

Behavior read_behavior(const JsonView& behavior) {
  constexpr std::pair<const char*, Behavior> kBehaviors[] = {
      {"Removed", Behavior::kRemoved},
      {"Isolated", Behavior::kIsolated},
      {"MergedWithPrevious", Behavior::kMergedWithPrevious},
      {"MergedWithNext", Behavior::kMergedWithNext},
      {"Contiguous", Behavior::kContiguous}};
  std::vector<std::string> names;
  for (const auto& [name, value] : kBehaviors) {
    if (behavior.string() == name) return value;
    names.emplace_back(name);
  }
  behavior.fail_wanted(one_of(names));
}

// When U+2581, or what stands for it, is put before a part that does not begin with it.
enum class Prepend : uint8_t { kAlways, kFirst, kNever };

Prepend read_prepend(const JsonView& step) {
  const auto scheme = step.find("prepend_scheme");
  // Files from before there was a scheme say true or false.
  if (!scheme)
    return step.boolean_or("add_prefix_space", true) ? Prepend::kAlways : Prepend::kNever;
  if (scheme->string() == "always") return Prepend::kAlways;
  if (scheme->string() == "first") return Prepend::kFirst;
  if (scheme->string() == "never") return Prepend::kNever;
  scheme->fail_wanted(one_of({"always", "first", "never"}));
}

Step read_metaspace(const JsonView& step) {
  const JsonView replacement = step.at("replacement");
  const Points mark = points_of(replacement.string());
  if (mark.size() != 1) replacement.fail_wanted("one character");
  const Prepend prepend = read_prepend(step);
  const bool splits = step.boolean_or("split", true);
  return step_of([=](Points text, std::vector<Points>& parts) {
    const int32_t code = mark[0].code;
    for (Point& p : text)
      if (p.code == ' ') p.code = code;
    const bool wanted = prepend == Prepend::kAlways ||
                        (prepend == Prepend::kFirst && !text.empty() && text[0].begin == 0);
    if (wanted && !text.empty() && text[0].code != code) text = prepended(text, mark);
    if (!splits) {
      parts.push_back(std::move(text));
      return;
    }
    const auto is_mark = [code](int32_t c) { return c == code; };
    split(text, stretches_of(text, is_mark), Behavior::kMergedWithNext, parts);
  });
}

Step read_char_delimiter(const JsonView& step) {
  const JsonView delimiter = step.at("delimiter");
  const Points mark = points_of(delimiter.string());
  if (mark.size() != 1) delimiter.fail_wanted("one character");
  return splitting(Regex::literal(delimiter.string()), Behavior::kRemoved, false);
}

Step read_sequence(const JsonView& step) {
  const JsonView list = step.at("pretokenizers");
  std::vector<std::shared_ptr<const PreTokenizer>> steps;
  for (size_t i = 0; i < list.size(); ++i) steps.push_back(read_pre_tokenizer(list.item(i)));
  return sequence_of(std::move(steps));
}

struct Known {
  const char* name;
  Step (*read)(const JsonView&);
};

const Known kKnown[] = {
    {"BertPreTokenizer", [](const JsonView&) { return make_bert_pre_tokenizer(); }},
    {"WhitespaceSplit",
     [](const JsonView&) { return splitting(is_white_space, Behavior::kRemoved); }},
    {"Whitespace", [](const JsonView&) { return words_and_others(); }},
    {"Punctuation",
     [](const JsonView& step) {
       const auto behavior = step.find("behavior");
       return splitting(is_punctuation, behavior ? read_behavior(*behavior) : Behavior::kIsolated);
     }},
    {"Digits",
     [](const JsonView& step) {
       const bool single = step.at("individual_digits").boolean();
       return splitting(is_numeric, single ? Behavior::kIsolated : Behavior::kContiguous);
     }},
    {"Split",
     [](const JsonView& step) {
       return splitting(read_pattern(step.at("pattern")), read_behavior(step.at("behavior")),
                        step.boolean_or("invert", false));
     }},
    {"CharDelimiterSplit", read_char_delimiter},
    {"Metaspace", read_metaspace},
    {"Sequence", read_sequence},
};

}  // namespace

std::unique_ptr<const PreTokenizer> make_bert_pre_tokenizer(bool basic) {
  std::vector<std::shared_ptr<const PreTokenizer>> steps;
  steps.push_back(splitting(is_white_space, Behavior::kRemoved));
  if (basic) steps.push_back(splitting(is_punctuation, Behavior::kIsolated));
  return sequence_of(std::move(steps));
}

std::unique_ptr<const PreTokenizer> read_pre_tokenizer(const JsonView& step) {
  const JsonView type = step.at("type");
  std::vector<std::string> names;
  for (const Known& known : kKnown) {
    if (type.string() == known.name) return known.read(step);
    names.emplace_back(known.name);
  }
  type.fail_wanted(one_of(names));
}

}  // namespace albert
