#include "albert/trainer/tasks/choice/examples.h"

#include <algorithm>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/tokenizer/utf8.h"
#include "albert/trainer/tasks/choice/collection.h"
#include "albert/trainer/tasks/choice/stages.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLevels[] = {"middle", "high"};

// The first of the names that the record has; else the first, whose absence is then told.
const char* name_in(const Record& record, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (record.has(name)) return name;
  return *names.begin();
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

std::string ending(size_t number) { return "ending" + std::to_string(number); }

std::vector<std::string> endings_of(const Record& record) {
  std::vector<std::string> endings;
  while (const std::string* text = record.find(ending(endings.size()))) endings.push_back(*text);
  return endings;
}

// The .txt files of a folder; all.txt has the others' contents.
std::vector<fs::path> race_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().filename() == "all.txt") return {entry.path()};
    if (has_extension(entry.path(), ".txt")) files.push_back(entry.path());
  }
  if (error) fail(ErrorCode::kIo, folder.string(), ": cannot read the folder: ", error.message());
  if (files.empty())
    fail(ErrorCode::kMissingInput, folder.string(),
         ": found no .txt file, wanted those of RACE, or its folders middle and high");
  std::sort(files.begin(), files.end());
  return files;
}

void read_folder(const fs::path& folder, ChoiceCollection& collection) {
  const bool by_level = is_folder(folder / kLevels[0]) || is_folder(folder / kLevels[1]);
  if (!by_level) {
    const std::string name = folder.filename().string();
    const std::string level = level_of_id(name) == name ? name : "";
    for (const fs::path& file : race_files(folder)) read_race_file(file, level, collection);
    return;
  }
  for (const std::string level : kLevels) {
    if (!collection.takes(level)) continue;
    if (!is_folder(folder / level))
      fail(ErrorCode::kMissingInput, (folder / level).string(),
           ": no such folder; --level names the one that is there");
    for (const fs::path& file : race_files(folder / level)) read_race_file(file, level, collection);
  }
}

ChoiceExample choice_example(const Record& record) {
  ChoiceExample example{record.place(), "", choice_question(record)};
  if (const std::string* id = record.find(name_in(record, {"example_id", "id"})))
    example.level = level_of_id(*id);
  const std::string label = name_in(record, {"label", "answer"});
  example.letters = label == "answer";
  // datasets writes -1 where a test set has no labels.
  if (record.has(label) && record.at(label) != "-1")
    example.label = choice_label(record.place() + ": " + in_quotes(label), record.at(label),
                                 example.question.options.size());
  return example;
}

void read_rows(const fs::path& path, ChoiceCollection& collection) {
  TextReader reader(path);
  const bool json = is_json_lines(path) || has_extension(path, ".json");
  RecordReader records(reader, json ? RecordFormat::kJson : format_of_data(path));
  require_choice_columns(records, collection.selection().labelled);
  for (Record record; !collection.full() && records.next(record);) {
    if (record.has("questions")) {
      read_race_article(reader.name(), record.number(), record.line(), "", collection);
      continue;
    }
    ChoiceExample example = choice_example(record);
    if (const std::string* id = record.find("id")) collection.add_id(record.place(), *id);
    collection.add(std::move(example));
  }
}

}  // namespace

std::string chosen_level(const TaskOptions& options) {
  namespace option = choice_options;
  const auto& level = options.get<std::string>(option::kLevel);
  const bool middle = options.get<bool>(option::kMiddleOnly),
             high = options.get<bool>(option::kHighOnly);
  if (level != "both" && level != "middle" && level != "high")
    fail(ErrorCode::kUsage, "--level ", printable(level), ": wanted one of middle, high, both");
  if (static_cast<int>(level != "both") + static_cast<int>(middle) + static_cast<int>(high) > 1)
    fail(ErrorCode::kUsage, "--level, --middle_only, --high_only: wanted one of them");
  return middle ? "middle" : high ? "high" : level;
}

TaskLabels choice_labels(int64_t choices) {
  TaskLabels labels;
  for (int64_t i = 0; i < choices; ++i) {
    const std::string number = std::to_string(i);
    labels.push_back({number, i < 26 ? std::string(1, static_cast<char>('A' + i)) : number});
  }
  return labels;
}

int64_t choice_label(const std::string& place, const std::string& text, size_t choices) {
  const TaskLabels labels = choice_labels(static_cast<int64_t>(choices));
  const auto label = find_label(labels, text);
  if (!label)
    fail(ErrorCode::kBadData, place, ": found ", in_quotes(text), ", wanted ",
         one_of(names_of(labels)), ", or ", joined(values_of(labels)), ", one of the options");
  return static_cast<int64_t>(*label);
}

void require_choice_columns(const RecordReader& reader, bool labelled) {
  for (const char* column : {"sent1", "sent2", "ending0", "ending1"}) reader.require_column(column);
  if (labelled) reader.require_column("label");
}

MultipleChoiceQuestion choice_question(const Record& record) {
  const bool swag = record.has("ending0");
  const char* context = swag ? "sent1" : name_in(record, {"context", "article"});
  if (is_blank(record.at(context)))
    fail(ErrorCode::kBadData, record.place(), ": ", in_quotes(context),
         ": found an empty text, wanted one with words");
  const auto text = std::make_shared<const std::string>(record.at(context));
  if (swag) return {text, record.at("sent2"), endings_of(record), false};
  return {text, record.at("question"), record.items_at(name_in(record, {"options", "choices"}))};
}

void ChoiceCollection::add(ChoiceExample example) {
  if (!takes(example.level)) return;
  const auto options = static_cast<int64_t>(example.question.options.size());
  if (options < 2)
    fail(ErrorCode::kBadData, example.place, ": found ", options, " options, wanted 2 or more");
  if (declared_.count == 0) declared_ = {options, example.place};
  if (options != declared_.count)
    fail(ErrorCode::kBadData, example.place, ": found ", options, " options, wanted ",
         declared_.count, " as in ", declared_.place);
  if (selection_.labelled && !example.label)
    fail(ErrorCode::kBadData, example.place, ": found no label, wanted that of the right option");
  examples_.push_back(std::move(example));
}

void ChoiceCollection::add_id(const std::string& place, const std::string& id) {
  const auto [at, is_new] = ids_.emplace(id, place);
  if (!is_new)
    fail(ErrorCode::kBadData, place, ": found the id ", in_quotes(id),
         " again, wanted each once; it is also in ", at->second);
}

std::vector<ChoiceExample> read_choice_examples(const fs::path& path,
                                                const ChoiceSelection& selection,
                                                DeclaredChoices& declared) {
  ChoiceCollection collection(selection, declared);
  if (is_folder(path))
    read_folder(path, collection);
  else if (has_extension(path, ".txt"))
    read_race_file(path, "", collection);
  else
    read_rows(path, collection);
  auto examples = collection.take();
  if (examples.empty())
    fail(ErrorCode::kBadData, path.string(), ": no questions in it",
         selection.level == "both" ? "" : " of the level " + selection.level);
  return examples;
}

}  // namespace albert
