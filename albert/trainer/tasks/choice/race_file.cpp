#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/base/text_reader.h"
#include "albert/tokenizer/utf8.h"
#include "albert/trainer/tasks/choice/collection.h"

namespace albert {
namespace {

// A list of an article that has an item for each of its questions.
JsonView list_for(const JsonView& article, const char* name, size_t questions) {
  const JsonView list = article.at(name);
  if (list.size() != questions)
    list.fail_here("found ", list.size(), " items, wanted ", questions,
                   ", one for each of the questions");
  return list;
}

std::vector<std::string> texts_in(const JsonView& list) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < list.size(); ++i) texts.push_back(list.item(i).string());
  return texts;
}

}  // namespace

std::string level_of_id(const std::string& id) {
  for (const char* level : {"middle", "high"})
    if (id.starts_with(level)) return level;
  return "";
}

void read_race_article(const std::string& file, int64_t line, const std::string& text,
                       const std::string& level, ChoiceCollection& collection) {
  const nlohmann::json document = parse_json_line(file, line, text);
  const JsonView article(file + ":" + std::to_string(line), document);
  const JsonView body = article.at("article"), questions = article.at("questions");
  if (is_blank(body.string())) body.fail_here("found an empty text, wanted one with words");
  const auto context = std::make_shared<const std::string>(body.string());
  const std::string id = article.string_or("id", "");
  if (!id.empty()) collection.add_id(article.place(), id);
  const size_t count = questions.size();
  const JsonView options = list_for(article, "options", count);
  const bool labelled = collection.selection().labelled || article.find("answers");
  const auto answers = labelled ? std::optional(list_for(article, "answers", count)) : std::nullopt;
  for (size_t i = 0; i < count && !collection.full(); ++i) {
    const JsonView of_question = options.item(i);
    ChoiceExample example{of_question.place(),
                          level.empty() ? level_of_id(id) : level,
                          {context, questions.item(i).string(), texts_in(of_question)}};
    example.letters = true;
    if (answers) {
      const JsonView answer = answers->item(i);
      example.label = choice_label(answer.place(), answer.string(), of_question.size());
    }
    collection.add(std::move(example));
  }
}

void read_race_file(const std::filesystem::path& path, const std::string& level,
                    ChoiceCollection& collection) {
  TextReader reader(path);
  for (std::string line; !collection.full() && reader.next(line);)
    if (!is_blank(line)) read_race_article(reader.name(), reader.line(), line, level, collection);
}

}  // namespace albert
