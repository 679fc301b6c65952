#include "albert/trainer/tasks/scores/entities.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

double quotient(double part, double whole) { return whole > 0 ? part / whole : 0; }

void check_lengths(const TagSequences& predicted, const TagSequences& right) {
  bool same = predicted.size() == right.size();
  for (size_t i = 0; same && i < right.size(); ++i) same = predicted[i].size() == right[i].size();
  ALBERT_CHECK(same, "as many predictions as words");
}

EntityScores scores_of_tags(const TagSequences& predicted, const TagSequences& right) {
  check_lengths(predicted, right);
  EntityScores scores;
  for (size_t i = 0; i < right.size(); ++i)
    for (size_t j = 0; j < right[i].size(); ++j) {
      ++scores.tags;
      scores.right_tags += predicted[i][j] == right[i][j] ? 1 : 0;
    }
  return scores;
}

// A type and the numbers of an entity's first and last word, which count on over all sentences.
using Entity = std::tuple<std::string, size_t, size_t>;
using Entities = std::set<Entity>;

void count(const Entities& predicted, const Entities& right, EntityScores& scores) {
  for (const Entity& entity : predicted) {
    EntityCounts& type = scores.types[std::get<0>(entity)];
    ++type.predicted;
    type.both += right.contains(entity) ? 1 : 0;
  }
  for (const Entity& entity : right) ++scores.types[std::get<0>(entity)].right;
}

// A label as seqeval reads it: the first character, and what stands behind it and a hyphen.
struct Tag {
  std::string prefix = "O", type = "";

  bool is(std::string_view prefixes) const {
    return prefix.size() == 1 && prefixes.find(prefix[0]) != prefixes.npos;
  }
};

Tag default_tag(const std::string& label) {
  const size_t size = bytes_of_char(label, 0);
  const std::string rest = label.substr(size);
  const std::string type = rest.substr(rest.find('-') + 1);  // all of it without a hyphen
  return {label.substr(0, size), type.empty() ? "_" : type};
}

// seqeval's end_of_chunk and start_of_chunk.
bool ends(const Tag& last, const Tag& tag) {
  if (last.is("ES")) return true;
  if (last.is("BI") && tag.is("BSO")) return true;
  return !last.is("O.") && last.type != tag.type;
}
bool starts(const Tag& last, const Tag& tag) {
  if (tag.is("BS")) return true;
  if (last.is("ESO") && tag.is("EI")) return true;
  return !tag.is("O.") && last.type != tag.type;
}

// seqeval's start_patterns, inside_patterns and end_patterns: prefixes of neighbours, and whether
// their types are equal.
enum class Types : uint8_t { kSame, kOther, kAny };
struct Pattern {
  const char *last, *now;
  Types types = Types::kAny;
};
struct StrictRules {
  TagScheme scheme;
  const char* prefixes;
  std::vector<Pattern> start, inside, end;
};

const StrictRules& strict_rules(TagScheme scheme) {
  constexpr const char* kAll = "IOBESUL";
  constexpr Types kSame = Types::kSame, kOther = Types::kOther;
  static const std::vector<StrictRules> all = {
      {TagScheme::kIob1,
       "IOB",
       {{"O", "I"}, {"I", "I", kOther}, {"B", "I"}, {"I", "B", kSame}, {"B", "B", kSame}},
       {{"BI", "I", kSame}},
       {{"I", "I", kOther}, {"I", "OB"}, {"B", "O"}, {"B", "I", kOther}, {"B", "B", kSame}}},
      {TagScheme::kIoe1,
       "IOE",
       {{"O", "I"}, {"I", "I", kOther}, {"E", "I"}, {"E", "E", kSame}},
       {{"I", "IE", kSame}},
       {{"I", "I", kOther}, {"I", "O"}, {"I", "E", kOther}, {"E", "IE", kSame}}},
      {TagScheme::kIob2,
       "IOB",
       {{kAll, "B"}},
       {{"BI", "I", kSame}},
       {{"IB", "OB"}, {"IB", "I", kOther}}},
      {TagScheme::kIoe2,
       "IOE",
       {{"OE", "IE"}, {"I", "IE", kOther}},
       {{"I", "IE", kSame}},
       {{"E", kAll}}},
      {TagScheme::kIobes, "IOBES", {{kAll, "BS"}}, {{"BI", "IE", kSame}}, {{"SE", kAll}}},
      {TagScheme::kBilou, "IOBLU", {{kAll, "BU"}}, {{"BI", "IL", kSame}}, {{"UL", kAll}}}};
  return *std::find_if(all.begin(), all.end(),
                       [&](const StrictRules& rules) { return rules.scheme == scheme; });
}

bool matches(const std::vector<Pattern>& patterns, const Tag& last, const Tag& now) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& p) {
    const bool same = last.type == now.type;
    return last.is(p.last) && now.is(p.now) &&
           (p.types == Types::kAny || same == (p.types == Types::kSame));
  });
}

Tag strict_tag(const std::string& label, const StrictRules& rules) {
  if (!Tag{label.substr(0, 1)}.is(rules.prefixes))
    fail(ErrorCode::kBadData, "found the label ", in_quotes(label),
         ", wanted one that begins with ", "one of the letters ", rules.prefixes, " of ",
         name_of(rules.scheme));
  const size_t first = label.find_first_not_of('-', 1);
  if (first == label.npos) return {label.substr(0, 1), "_"};
  return {label.substr(0, 1), label.substr(first, label.find_last_not_of('-') + 1 - first)};
}

// Entities of one sentence, whose words are numbered from `offset`.
void add_strict_entities(const std::vector<std::string>& labels, const StrictRules& rules,
                         size_t offset, Entities& entities) {
  std::vector<Tag> tags;
  for (const std::string& label : labels) tags.push_back(strict_tag(label, rules));
  tags.push_back({"O", "_"});
  Tag last = tags.back();
  for (size_t i = 0; i < tags.size();) {
    size_t end = i + 1;
    if (matches(rules.start, last, tags[i])) {
      while (end < tags.size() && matches(rules.inside, tags[end - 1], tags[end])) ++end;
      if (matches(rules.end, tags[end - 1], tags[end]))
        entities.emplace(tags[i].type, offset + i, offset + end);
    }
    last = tags[end - 1];
    i = end;
  }
}

Entities strict_entities(const TagSequences& sentences, TagScheme scheme) {
  Entities entities;
  size_t offset = 0;
  for (const auto& labels : sentences) {
    add_strict_entities(labels, strict_rules(scheme), offset, entities);
    offset += labels.size();
  }
  return entities;
}

Entities default_entities(const TagSequences& sentences) {
  Entities entities;
  Tag last;
  size_t begin = 0, at = 0;
  const auto take = [&](const Tag& tag) {
    if (ends(last, tag)) entities.emplace(last.type, begin, at - 1);
    if (starts(last, tag)) begin = at;
    last = tag;
    ++at;
  };
  const Tag outside = default_tag("O");
  for (const auto& sentence : sentences) {
    for (const std::string& label : sentence) take(default_tag(label));
    take(outside);
  }
  take(outside);
  return entities;
}

}  // namespace

void EntityCounts::add(const EntityCounts& other) {
  both += other.both;
  predicted += other.predicted;
  right += other.right;
}

double EntityCounts::precision() const {
  return quotient(static_cast<double>(both), static_cast<double>(predicted));
}
double EntityCounts::recall() const {
  return quotient(static_cast<double>(both), static_cast<double>(right));
}
double EntityCounts::f1() const {
  return quotient(2 * precision() * recall(), precision() + recall());
}

EntityCounts EntityScores::all() const {
  EntityCounts sum;
  for (const auto& [type, counts] : types) sum.add(counts);
  return sum;
}

double EntityScores::accuracy() const {
  return quotient(static_cast<double>(right_tags), static_cast<double>(tags));
}

double EntityScores::macro_f1() const {
  double sum = 0;
  for (const auto& [type, counts] : types) sum += counts.f1();
  return types.empty() ? std::numeric_limits<double>::quiet_NaN()
                       : sum / static_cast<double>(types.size());
}

double EntityScores::weighted_f1() const {
  double sum = 0;
  for (const auto& [type, counts] : types) sum += counts.f1() * static_cast<double>(counts.right);
  return quotient(sum, static_cast<double>(all().right));
}

EntityScores seqeval_scores(const TagSequences& predicted, const TagSequences& right) {
  EntityScores scores = scores_of_tags(predicted, right);
  count(default_entities(predicted), default_entities(right), scores);
  return scores;
}

EntityScores strict_seqeval_scores(const TagSequences& predicted, const TagSequences& right,
                                   TagScheme scheme) {
  EntityScores scores = scores_of_tags(predicted, right);
  count(strict_entities(predicted, scheme), strict_entities(right, scheme), scores);
  return scores;
}

}  // namespace albert
