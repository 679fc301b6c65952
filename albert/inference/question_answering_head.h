#pragma once
#include <filesystem>
#include <span>
#include <variant>
#include <vector>

#include "albert/engine/weights/weight_source.h"
#include "albert/heads/question_answering_beam_search.h"
#include "albert/inference/answer_search.h"

namespace albert {

// transformers' head for questions, or Google's for SQuAD 2.0.
using QuestionAnsweringHead =
    std::variant<AlbertForQuestionAnswering, AlbertForQuestionAnsweringBeamSearch>;

// Whether a folder's head is Google's: its config.json says so, or names no head and the weights
// are those of one, as in Google's checkpoints.
bool has_beam_search_head(const AlbertConfig& config, const WeightSource& weights);

// The head that the folder has, transformers' where it has neither. Errors of from_pretrained.
QuestionAnsweringHead load_question_answering_head(const std::filesystem::path& folder,
                                                   const ModelOptions& options);

AlbertPreTrainedModel& model_of(QuestionAnsweringHead& head);

// A question about a context, cut into windows.
struct WindowedQuestion {
  std::shared_ptr<const std::string> context;
  std::vector<AnswerWindow> windows;
};

// An answer to each question, in their order; `batch_size` windows are computed at once.
std::vector<AnswerChoice> choose_answers(QuestionAnsweringHead& head,
                                         std::span<const WindowedQuestion> questions,
                                         const AnswerSearch& search, int64_t batch_size);

}  // namespace albert
