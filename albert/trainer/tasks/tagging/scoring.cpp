// Files of predicted labels against the right ones.
#include <algorithm>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/trainer/tasks/tagging/reports.h"
#include "albert/trainer/tasks/tagging/stages.h"

namespace albert {
namespace {

namespace option = tagging_options;

using Gold = std::vector<TaggedSentence>;

// A line of a file of predictions.
struct Line {
  std::string place;
  std::vector<std::string> cells;
};
using Block = std::vector<Line>;  // lines between blank ones

std::vector<Block> read_blocks(const std::filesystem::path& path) {
  TextReader reader(path);
  std::vector<Block> blocks;
  bool open = false;
  for (std::string line; reader.next(line);) {
    check_text(reader, line);
    if (ends_sentence(line)) {
      open = false;
      continue;
    }
    if (!open) blocks.emplace_back();
    open = true;
    blocks.back().push_back({reader.name() + ":" + std::to_string(reader.line()),
                             cells_of(line, line.find('\t') != line.npos)});
  }
  if (blocks.empty()) fail(ErrorCode::kBadData, reader.name(), ": no predictions in it");
  return blocks;
}

[[noreturn]] void fail_sentences(const std::string& place, size_t found, const Gold& gold) {
  fail(ErrorCode::kBadData, place, ": found the end behind ", found, " sentences, wanted ",
       gold.size());
}

void check_words(const std::string& place, size_t found, const TaggedSentence& sentence) {
  if (found != sentence.words.size())
    fail(ErrorCode::kBadData, place, ": found a sentence of ", found, " words, wanted ",
         sentence.words.size(), " as at ", sentence.places.front());
}

// Of a file in columns: the last one of each line, which is of the same word as in `sentence` where
// it names one.
std::vector<std::string> last_cells(const Block& block, const TaggedSentence& sentence) {
  check_words(block.front().place, block.size(), sentence);
  std::vector<std::string> labels;
  for (size_t i = 0; i < block.size(); ++i) {
    const auto& cells = block[i].cells;
    const auto last = cells.end() - 1;
    if (last != cells.begin() && std::find(cells.begin(), last, sentence.words[i]) == last)
      fail(ErrorCode::kBadData, block[i].place, ": found no column with the word ",
           in_quotes(sentence.words[i]), ", wanted it as at ", sentence.places[i]);
    labels.push_back(*last);
  }
  return labels;
}

// Files with a sentence a line have no blank lines; those of columns have, but for a single
// sentence.
bool has_sentence_a_line(const std::vector<Block>& blocks, const Gold& gold) {
  if (blocks.size() > 1) return false;
  return gold.size() > 1 || blocks.front().size() != gold.front().words.size();
}

TagSequences labels_in(const std::vector<Block>& blocks, const Gold& gold) {
  TagSequences labels;
  if (has_sentence_a_line(blocks, gold)) {
    const Block& lines = blocks.front();
    for (size_t i = 0; i < std::min(lines.size(), gold.size()); ++i) {
      check_words(lines[i].place, lines[i].cells.size(), gold[i]);
      labels.push_back(lines[i].cells);
    }
    if (lines.size() != gold.size()) fail_sentences(lines.back().place, lines.size(), gold);
    return labels;
  }
  for (size_t i = 0; i < std::min(blocks.size(), gold.size()); ++i)
    labels.push_back(last_cells(blocks[i], gold[i]));
  if (blocks.size() != gold.size()) fail_sentences(blocks.back().back().place, blocks.size(), gold);
  return labels;
}

// Of albert predict: "labels" of each record.
TagSequences labels_in_records(const std::filesystem::path& path, const Gold& gold) {
  TextReader reader(path);
  RecordReader records(reader, RecordFormat::kJson);
  TagSequences labels;
  std::string place = path.string();
  for (Record record; records.next(record);) {
    place = record.place();
    if (labels.size() == gold.size())
      fail(ErrorCode::kBadData, place, ": found sentence ", gold.size() + 1, ", wanted ",
           gold.size());
    const auto& found = record.items_at("labels");
    check_words(place, found.size(), gold[labels.size()]);
    labels.push_back(found);
  }
  if (labels.size() != gold.size()) fail_sentences(place, labels.size(), gold);
  return labels;
}

TagScheme strict_scheme(const TaskOptions& options, const TagSequences& right) {
  const auto& name = options.get<std::string>(option::kScheme);
  if (name == "auto") return detected_scheme(right);
  if (const auto scheme = tag_scheme_named(name)) return *scheme;
  fail(ErrorCode::kUsage, "--scheme ", printable(name), ": wanted one of auto, ",
       joined(tag_scheme_names()));
}

}  // namespace

ScoreReport score_tagging(const ScoringRequest& request) {
  const EntityMode mode = entity_mode_named(request.options.get<std::string>(option::kMode));
  const Gold gold =
      read_sentences(request.gold, tag_columns(request.options), WordLabels::kRequired);
  const TagSequences right = tags_of(gold, request.options.get<std::string>(option::kLabels));
  const TagScheme scheme = strict_scheme(request.options, right);
  const TagSequences predicted = is_json_lines(request.predictions)
                                     ? labels_in_records(request.predictions, gold)
                                     : labels_in(read_blocks(request.predictions), gold);
  const TaggingReport report = report_of(predicted, right, mode, scheme);
  return {report.json, report.text};
}

}  // namespace albert
