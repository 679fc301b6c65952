#include "albert/trainer/tasks/span/squad_file.h"

#include <unordered_set>

#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/base/text_reader.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

constexpr JsonLimits kLimits{.max_depth = 64, .max_values = 200'000'000};

const std::string& filled(const JsonView& text) {
  if (is_blank(text.string())) text.fail_here("found an empty text, wanted one with words");
  return text.string();
}

class Reader {
 public:
  Reader(AnswerStarts starts, int64_t most) : starts_(starts), most_(most) {}

  std::vector<SquadQuestion> read(const JsonView& document) {
    const JsonView articles = document.at("data");
    for (size_t a = 0; a < articles.size() && !full(); ++a) {
      const JsonView paragraphs = articles.item(a).at("paragraphs");
      for (size_t p = 0; p < paragraphs.size() && !full(); ++p) paragraph(paragraphs.item(p));
    }
    return std::move(questions_);
  }

 private:
  bool full() const { return most_ > 0 && static_cast<int64_t>(questions_.size()) >= most_; }

  void paragraph(const JsonView& paragraph) {
    const auto context = std::make_shared<const std::string>(filled(paragraph.at("context")));
    const JsonView qas = paragraph.at("qas");
    for (size_t q = 0; q < qas.size() && !full(); ++q) question(qas.item(q), context);
  }

  void question(const JsonView& qa, const std::shared_ptr<const std::string>& context) {
    SquadQuestion question{.place = qa.place(),
                           .id = filled(qa.at("id")),
                           .question = filled(qa.at("question")),
                           .context = context};
    if (!ids_.insert(question.id).second)
      qa.at("id").fail_here("found ", in_quotes(question.id), " again, wanted each id once");
    if (const auto answers = qa.find("answers")) {
      question.labelled = true;
      for (size_t i = 0; i < answers->size(); ++i)
        question.answers.push_back(answer(answers->item(i), *context));
    }
    if (qa.boolean_or("is_impossible", false) && !question.answers.empty())
      qa.at("is_impossible").fail_here("found true beside answers, wanted one of both");
    questions_.push_back(std::move(question));
  }

  SquadAnswer answer(const JsonView& view, const std::string& context) const {
    if (starts_ == AnswerStarts::kIgnored) return {view.at("text").string()};
    SquadAnswer answer{filled(view.at("text")), view.at("answer_start").integer()};
    const auto there =
        code_points(context, answer.start, answer.start + count_code_points(answer.text));
    if (answer.start < 0 || there != answer.text)
      view.at("answer_start")
          .fail_here("found ", answer.start, ", where the context has ", in_quotes(there),
                     ", wanted where ", in_quotes(answer.text), " begins");
    return answer;
  }

  AnswerStarts starts_;
  int64_t most_;
  std::vector<SquadQuestion> questions_;
  std::unordered_set<std::string> ids_;
};

}  // namespace

std::vector<SquadQuestion> read_squad(const std::filesystem::path& path, AnswerStarts starts,
                                      int64_t most) {
  const std::string name = path.string();
  const nlohmann::json document = parse_json(name, read_whole_text(path), kLimits);
  auto questions = Reader(starts, most).read(JsonView(name, document));
  if (questions.empty()) fail(ErrorCode::kBadData, name, ": no questions in it");
  return questions;
}

void require_answers(const std::vector<SquadQuestion>& questions) {
  for (const SquadQuestion& question : questions)
    if (question.answers.empty())
      fail(ErrorCode::kBadData, question.place,
           ": found no answers, wanted one or more; questions without answers are for squad2");
}

}  // namespace albert
