#include "albert/trainer/tasks/scores/tag_schemes.h"

#include <algorithm>
#include <array>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

// What a scheme asks of neighbours of one type.
struct Rules {
  TagScheme scheme;
  const char* name;
  const char* prefixes;      // it has, beside O
  const char* needs_before;  // prefixes that stand behind one of `before` of their type
  const char* before;
  const char* needs_behind;  // prefixes that stand before one of `behind` of their type
  const char* behind;
};
// In the order in which they are tried.
constexpr std::array kRules = {Rules{TagScheme::kIob2, "IOB2", "BI", "I", "BI", "", ""},
                               Rules{TagScheme::kIob1, "IOB1", "BI", "B", "BI", "", ""},
                               Rules{TagScheme::kIobes, "IOBES", "BIES", "IE", "BI", "BI", "IE"},
                               Rules{TagScheme::kBilou, "BILOU", "BILU", "IL", "BI", "BI", "IL"},
                               Rules{TagScheme::kIoe2, "IOE2", "IE", "", "", "I", "IE"},
                               Rules{TagScheme::kIoe1, "IOE1", "IE", "", "", "E", "IE"}};

const Rules& rules_of(TagScheme scheme) {
  return *std::find_if(kRules.begin(), kRules.end(),
                       [&](const Rules& rules) { return rules.scheme == scheme; });
}

bool has(std::string_view prefixes, char prefix) { return prefixes.find(prefix) != prefixes.npos; }

// Whether `tag` has one of these prefixes and the type of `other`.
bool matches(std::string_view tag, std::string_view prefixes, std::string_view other) {
  return !tag.empty() && has(prefixes, tag[0]) && tag.substr(1) == other.substr(1);
}

// The labels of these prefixes and of the type of `tag`.
std::string wanted(std::string_view prefixes, std::string_view tag) {
  std::vector<std::string> tags;
  for (const char prefix : prefixes) tags.push_back(prefix + printable(tag.substr(1)));
  return one_of(tags);
}

std::string unknown_label(const Rules& rules, const std::string& tag) {
  std::string prefixes = "O";
  for (const char prefix : std::string_view(rules.prefixes))
    prefixes += std::string(", ") + prefix + "-TYPE";
  return "found the label " + in_quotes(tag) + ", wanted one of " + prefixes;
}

// What is wrong with the label of one word, without the scheme's name; empty: nothing.
std::string problem_at(const std::vector<std::string>& tags, size_t i, const Rules& rules) {
  const std::string& tag = tags[i];
  if (tag == "O") return "";
  if (!is_entity_tag(tag) || !has(rules.prefixes, tag[0])) return unknown_label(rules, tag);
  if (has(rules.needs_before, tag[0]) && (i == 0 || !matches(tags[i - 1], rules.before, tag)))
    return "found " + printable(tag) + " behind " +
           (i == 0 ? "the start of the sentence" : printable(tags[i - 1])) + ", wanted it behind " +
           wanted(rules.before, tag);
  const bool last = i + 1 == tags.size();
  if (has(rules.needs_behind, tag[0]) && (last || !matches(tags[i + 1], rules.behind, tag)))
    return "found " + printable(tag) + " before " +
           (last ? "the end of the sentence" : printable(tags[i + 1])) + ", wanted it before " +
           wanted(rules.behind, tag);
  return "";
}

}  // namespace

std::string name_of(TagScheme scheme) { return rules_of(scheme).name; }

std::vector<std::string> tag_scheme_names() {
  std::vector<std::string> names;
  for (const Rules& rules : kRules) names.emplace_back(rules.name);
  return names;
}

std::optional<TagScheme> tag_scheme_named(std::string_view name) {
  for (const Rules& rules : kRules)
    if (name == rules.name) return rules.scheme;
  return std::nullopt;
}

bool is_entity_tag(std::string_view tag) {
  return tag == "O" || (tag.size() > 2 && has("BIESLU", tag[0]) && tag[1] == '-');
}

std::optional<TagProblem> first_problem(const std::vector<std::string>& tags, TagScheme scheme) {
  const Rules& rules = rules_of(scheme);
  for (size_t i = 0; i < tags.size(); ++i)
    if (const std::string problem = problem_at(tags, i, rules); !problem.empty())
      return TagProblem{i, problem + " (" + rules.name + ")"};
  return std::nullopt;
}

TagScheme detected_scheme(const TagSequences& sentences) {
  TagScheme best = kRules.front().scheme;
  size_t fewest = sentences.size() + 1;
  for (const Rules& rules : kRules) {
    const auto broken = static_cast<size_t>(
        std::count_if(sentences.begin(), sentences.end(),
                      [&](const auto& tags) { return first_problem(tags, rules.scheme); }));
    if (broken < fewest) {
      best = rules.scheme;
      fewest = broken;
    }
  }
  return best;
}

}  // namespace albert
