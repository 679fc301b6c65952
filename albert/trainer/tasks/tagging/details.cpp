// What report.html shows of words with labels.
#include "albert/trainer/tasks/tagging/details.h"

#include <algorithm>
#include <map>

#include "albert/tokenizer/utf8.h"
#include "albert/trainer/tasks/report_tables.h"
#include "albert/trainer/tasks/rounding.h"
#include "albert/trainer/tasks/tagging/reports.h"

namespace albert {
namespace {

constexpr size_t kMostTypes = 40;

// "PER" of B-PER; a label of no entity is its own type.
std::string type_of(const std::string& label) {
  return label != "O" && is_entity_tag(label) ? label.substr(2) : label;
}

TagSequences types_of(const TagSequences& labels) {
  TagSequences types;
  for (const auto& sentence : labels) {
    auto& row = types.emplace_back();
    for (const auto& label : sentence) row.push_back(type_of(label));
  }
  return types;
}

ReportTable by_type(const TaggedEvaluation& e) {
  ReportTable table{.title = "scores by type",
                    .note = "of whole entities, as seqeval counts them",
                    .columns = {"type", "entities", "predicted", "precision", "recall", "F1"}};
  const EntityScores scores = seqeval_scores(e.predicted, e.right);
  for (const auto& [type, counts] : scores.types) table.rows.push_back(scores_row(type, counts));
  return table;
}

ReportTable by_label(const std::vector<std::string>& labels, const Confusion& confusion) {
  ReportTable table{.title = "scores by label",
                    .columns = {"label", "words", "predicted", "precision", "recall", "F1"}};
  const auto counts = counts_of(confusion);
  for (size_t i = 0; i < labels.size(); ++i) table.rows.push_back(scores_row(labels[i], counts[i]));
  return table;
}

// The words of a text as they stand in it; those without a token are empty.
std::vector<std::string> words_of(const WindowedText& text) {
  std::map<int64_t, std::pair<int64_t, int64_t>> places;
  for (const WindowedText::Token& token : text.tokens)
    places.try_emplace(token.word, token.begin, token.end).first->second.second = token.end;
  std::vector<std::string> words(static_cast<size_t>(*text.words));
  for (const auto& [word, place] : places)
    words[static_cast<size_t>(word)] = code_points(text.text, place.first, place.second);
  return words;
}

// "Ann: B-PER, Ulm: O" of the words whose labels are wrong.
std::string wrong_words(const TaggedEvaluation& e, size_t sentence, const TagSequences& labels) {
  const auto words = words_of(e.texts[sentence]);
  std::string text;
  for (size_t i = 0; i < words.size(); ++i)
    if (e.predicted[sentence][i] != e.right[sentence][i])
      text += (text.empty() ? "" : ", ") + words[i] + ": " + labels[sentence][i];
  return text;
}

ReportTable most_wrong_sentences(const TaggedEvaluation& e) {
  ReportTable table{.title = "most wrong",
                    .note = "held-out sentences with the largest loss, and their wrong words",
                    .columns = {"sentence", "right", "predicted", "loss"}};
  for (const size_t i : most_wrong(e.losses))
    table.rows.push_back({clipped(e.texts[i].text), wrong_words(e, i, e.right),
                          wrong_words(e, i, e.predicted), three_digits(e.losses[i])});
  return table;
}

}  // namespace

ReportDetails tagging_details(const TaggedEvaluation& e) {
  const TagSequences right = types_of(e.right), predicted = types_of(e.predicted);
  const std::vector<std::string> types = labels_in(predicted, right);
  const Confusion confusion = confusion_in(predicted, right, types);
  const bool entities = has_entities(labels_in(e.predicted, e.right));
  ReportDetails details;
  details.tables.push_back(entities ? by_type(e) : by_label(types, confusion));
  if (types.size() <= kMostTypes)
    details.tables.push_back(confusion_table(
        entities ? "which type a word is taken for" : "confusion", types, confusion));
  details.tables.push_back(most_wrong_sentences(e));
  return details;
}

}  // namespace albert
