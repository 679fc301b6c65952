#include "albert/inference/entity_grouping.h"

#include <algorithm>
#include <array>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/inference/batches.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

constexpr std::array<const char*, 5> kNames = {"none", "simple", "first", "average", "max"};
constexpr const char* kOutside = "O";

// A token, or the tokens of a word, with one label.
struct Unit {
  size_t label = 0;
  double score = 0;
  int64_t begin = 0, end = 0, word = -1;
};

struct Best {
  size_t label;
  double score;
};
Best best_of(const std::vector<double>& probabilities) {
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  return {static_cast<size_t>(best - probabilities.begin()), *best};
}

// What the tokens [first, end) of a word say together.
Best best_of_word(const TokenLogits& logits, size_t first, size_t end, Aggregation aggregation) {
  std::vector<double> sum = softmax(logits.of(first));
  Best best = best_of(sum);
  if (aggregation == Aggregation::kFirst) return best;
  for (size_t t = first + 1; t < end; ++t) {
    const std::vector<double> p = softmax(logits.of(t));
    if (const Best other = best_of(p); other.score > best.score) best = other;
    for (size_t i = 0; i < p.size(); ++i) sum[i] += p[i];
  }
  if (aggregation == Aggregation::kMax) return best;
  for (double& value : sum) value /= static_cast<double>(end - first);
  return best_of(sum);
}

bool by_word(Aggregation aggregation) {
  return aggregation != Aggregation::kNone && aggregation != Aggregation::kSimple;
}

// Tokens, or words where `aggregation` is by word.
std::vector<Unit> units_of(const WindowedText& text, const TokenLogits& logits,
                           Aggregation aggregation) {
  const auto& tokens = text.tokens;
  const auto continues = [&](size_t t) {
    return text.words ? tokens[t].word == tokens[t - 1].word : !tokens[t].starts_word;
  };
  std::vector<Unit> units;
  for (size_t t = 0, end = 0; t < tokens.size(); t = end) {
    end = t + 1;
    while (by_word(aggregation) && end < tokens.size() && continues(end)) ++end;
    const Best best =
        best_of_word(logits, t, end, by_word(aggregation) ? aggregation : Aggregation::kFirst);
    units.push_back({best.label, best.score, tokens[t].begin, tokens[end - 1].end, tokens[t].word});
  }
  return units;
}

// A label as the pipeline's get_tag reads it.
struct Tag {
  std::string type;
  bool starts = false, ends = false;  // an entity, whatever stands beside it
};

Tag tag_of(const std::string& label, bool has_begins) {
  const std::string_view prefix = std::string_view(label).substr(0, 2);
  if (prefix == "B-") return {label.substr(2), true};
  if (prefix == "I-") return {label.substr(2)};
  if (has_begins && (prefix == "S-" || prefix == "U-")) return {label.substr(2), true, true};
  if (has_begins && (prefix == "E-" || prefix == "L-")) return {label.substr(2), false, true};
  return {label};
}

// The part of a text at these code points, without white space around it.
Entity entity_at(std::string_view text, int64_t begin, int64_t end) {
  std::string_view part = code_points(text, begin, end);
  Entity entity;
  entity.begin = begin;
  entity.end = end;
  for (size_t at = 0; !part.empty() && is_space(next_code_point(part, at)); at = 0) {
    part.remove_prefix(at);
    ++entity.begin;
  }
  size_t kept = 0;  // bytes up to the last character that is no white space
  int64_t points = 0, kept_points = 0;
  for (size_t at = 0; at < part.size();) {
    const bool space = is_space(next_code_point(part, at));
    ++points;
    if (!space) kept = at, kept_points = points;
  }
  entity.end = entity.begin + kept_points;
  entity.text = part.substr(0, kept);
  return entity;
}

std::vector<Entity> entities_of(const WindowedText& text, const std::vector<Unit>& units,
                                const std::vector<std::string>& labels, Aggregation aggregation) {
  const bool has_begins = std::any_of(labels.begin(), labels.end(),
                                      [](const auto& label) { return label.starts_with("B-"); });
  std::vector<Entity> entities;
  for (size_t first = 0, end = 0; first < units.size(); first = end) {
    const std::string& label = labels[units[first].label];
    Tag last = tag_of(label, has_begins);
    double sum = units[first].score;
    for (end = first + 1; aggregation != Aggregation::kNone && end < units.size(); ++end) {
      Tag tag = tag_of(labels[units[end].label], has_begins);
      if (last.ends || tag.starts || tag.type != last.type) break;
      sum += units[end].score;
      last = std::move(tag);
    }
    if (label == kOutside) continue;
    Entity entity = entity_at(text.text, units[first].begin, units[end - 1].end);
    entity.label = aggregation == Aggregation::kNone ? label : last.type;
    entity.score = sum / static_cast<double>(end - first);
    entities.push_back(std::move(entity));
  }
  return entities;
}

std::vector<std::string> labels_of_words(const WindowedText& text, const std::vector<Unit>& units,
                                         const std::vector<std::string>& labels) {
  const bool has_outside = std::find(labels.begin(), labels.end(), kOutside) != labels.end();
  std::vector<std::string> words(static_cast<size_t>(*text.words),
                                 has_outside ? kOutside : labels.front());
  for (size_t i = units.size(); i-- > 0;)  // the first unit of a word is the last to write
    words[static_cast<size_t>(units[i].word)] = labels[units[i].label];
  return words;
}

}  // namespace

Aggregation aggregation_named(const std::string& name) {
  const auto at = std::find(kNames.begin(), kNames.end(), name);
  if (at == kNames.end())
    fail(ErrorCode::kUsage, "aggregation_strategy ", printable(name), ": wanted ", one_of(kNames));
  return static_cast<Aggregation>(at - kNames.begin());
}

TokenClassification group_entities(const WindowedText& text, const TokenLogits& logits,
                                   const std::vector<std::string>& labels,
                                   Aggregation aggregation) {
  check_finite(logits.values);
  const std::vector<Unit> units = units_of(text, logits, aggregation);
  TokenClassification result;
  result.entities = entities_of(text, units, labels, aggregation);
  if (text.words) result.labels = labels_of_words(text, units, labels);
  return result;
}

}  // namespace albert
