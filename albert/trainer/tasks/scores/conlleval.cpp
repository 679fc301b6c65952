// The rules of conlleval.pl for chunks, also for labels that it was not made for.
#include <array>
#include <cstdio>
#include <utility>

#include "albert/base/error.h"
#include "albert/trainer/tasks/scores/entities.h"

namespace albert {
namespace {

// What stands before and behind the first hyphen. A type of "0" is none, for Perl takes it as
// false.
struct Tag {
  std::string prefix = "O", type = "";

  bool is(std::string_view prefixes) const {
    return prefix.size() == 1 && prefixes.find(prefix[0]) != prefixes.npos;
  }
  bool operator==(const Tag&) const = default;
};

Tag tag_of(const std::string& label) {
  const size_t hyphen = label.find('-');
  if (hyphen == label.npos) return {label, ""};
  const std::string type = label.substr(hyphen + 1);
  return {label.substr(0, hyphen), type == "0" ? "" : type};
}

// endOfChunk and startOfChunk.
bool ends(const Tag& last, const Tag& tag) {
  if (last.is("BI") && tag.is("BO")) return true;
  if (last.is("E") && tag.is("EIO")) return true;
  if (!last.is("O.") && last.type != tag.type) return true;
  return last.is("[]");
}
bool starts(const Tag& last, const Tag& tag) {
  if (last.is("BIO") && tag.is("B")) return true;
  if (last.is("O") && tag.is("IE")) return true;
  if (last.is("E") && tag.is("EI")) return true;
  if (!tag.is("O.") && last.type != tag.type) return true;
  return tag.is("[]");
}

class Counter {
 public:
  // Takes the labels of a word, or what stands between sentences.
  void take(const Tag& predicted, const Tag& right) {
    const bool predicted_ends = ends(last_predicted_, predicted),
               right_ends = ends(last_right_, right);
    if (open_ && predicted_ends && right_ends && last_predicted_.type == last_right_.type) {
      ++scores_.types[last_right_.type].both;
      open_ = false;
    } else if (predicted_ends != right_ends || predicted.type != right.type) {
      open_ = false;
    }
    const bool predicted_starts = starts(last_predicted_, predicted),
               right_starts = starts(last_right_, right);
    if (predicted_starts && right_starts && predicted.type == right.type) open_ = true;
    if (right_starts) ++scores_.types[right.type].right;
    if (predicted_starts) ++scores_.types[predicted.type].predicted;
    last_predicted_ = predicted;
    last_right_ = right;
  }
  void take_word(const std::string& predicted, const std::string& right) {
    const Tag p = tag_of(predicted), r = tag_of(right);
    take(p, r);
    ++scores_.tags;
    scores_.right_tags += p == r ? 1 : 0;
  }
  // At the end of the file. A chunk without a type does not end before an O.
  EntityScores finish() {
    if (open_) ++scores_.types[last_right_.type].both;
    return std::move(scores_);
  }

 private:
  EntityScores scores_;
  Tag last_predicted_, last_right_;
  bool open_ = false;  // in a chunk that is right so far
};

// "precision:  50.00%; recall: ..", in percent of two digits.
std::string percentages(const EntityCounts& counts) {
  const double precision = 100 * counts.precision(), recall = 100 * counts.recall();
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), "precision: %6.2f%%; recall: %6.2f%%; FB1: %6.2f",
                precision, recall, 100 * counts.f1());
  return text.data();
}

std::string right_aligned(const std::string& text, size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

}  // namespace

EntityScores conlleval_scores(const TagSequences& predicted, const TagSequences& right) {
  ALBERT_CHECK(predicted.size() == right.size(), "as many predictions as sentences");
  Counter counter;
  for (size_t i = 0; i < right.size(); ++i) {
    ALBERT_CHECK(predicted[i].size() == right[i].size(), "as many predictions as words");
    for (size_t j = 0; j < right[i].size(); ++j) counter.take_word(predicted[i][j], right[i][j]);
    counter.take({}, {});
  }
  return counter.finish();
}

std::string conlleval_report(const EntityScores& scores) {
  const EntityCounts all = scores.all();
  std::string report = "processed " + std::to_string(scores.tags) + " tokens with " +
                       std::to_string(all.right) +
                       " phrases; found: " + std::to_string(all.predicted) +
                       " phrases; correct: " + std::to_string(all.both) + ".\n";
  if (scores.tags > 0) {
    std::array<char, 64> accuracy{};
    std::snprintf(accuracy.data(), accuracy.size(), "accuracy: %6.2f%%; ", 100 * scores.accuracy());
    report += accuracy.data() + percentages(all) + "\n";
  }
  for (const auto& [type, counts] : scores.types)
    report += right_aligned(type, 17) + ": " + percentages(counts) + "  " +
              std::to_string(counts.predicted) + "\n";
  return report;
}

}  // namespace albert
