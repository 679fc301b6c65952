#include "albert/inference/question_answering_head.h"

#include <algorithm>
#include <cmath>

#include "albert/inference/batches.h"

namespace albert {
namespace {

constexpr const char* kBeamSearch = "AlbertForQuestionAnsweringBeamSearch";
constexpr const char* kBeamSearchTensor = "end_logits.dense_0.weight";

std::vector<float> beginning(std::span<const float> row, size_t size) {
  return {row.begin(), row.begin() + static_cast<std::ptrdiff_t>(size)};
}

// What a head gives for each window of a batch, whose lengths are `sizes`.
std::vector<SpanLogits> outputs_of(const QuestionAnsweringModelOutput& out,
                                   const std::vector<size_t>& sizes) {
  const HostTensor start = out.start_logits.to(DType::kF32), end = out.end_logits.to(DType::kF32);
  std::vector<SpanLogits> logits;
  for (size_t row = 0; row < sizes.size(); ++row) {
    const auto at = static_cast<int64_t>(row);
    logits.push_back(
        {beginning(start.row<float>(at), sizes[row]), beginning(end.row<float>(at), sizes[row])});
  }
  return logits;
}

// Without those that stand for missing ones. NaN stays, so that it is found.
std::vector<SpanBeam::Place> places_of(const float* log_probs, const int64_t* index, int64_t n) {
  std::vector<SpanBeam::Place> places;
  for (int64_t i = 0; i < n; ++i)
    if (!(std::isinf(log_probs[i]) && log_probs[i] < 0)) places.push_back({log_probs[i], index[i]});
  return places;
}

std::vector<SpanBeam> outputs_of(const BeamSearchOutput& out, const std::vector<size_t>& sizes) {
  const HostTensor starts = out.start_top_log_probs.to(DType::kF32),
                   ends = out.end_top_log_probs.to(DType::kF32),
                   cls = out.cls_logits.to(DType::kF32);
  const int64_t start_n = starts.dim(1), end_n = ends.dim(2);
  std::vector<SpanBeam> beams;
  for (int64_t row = 0; row < static_cast<int64_t>(sizes.size()); ++row) {
    SpanBeam beam{{}, cls.at<float>(row)};
    const int64_t first = row * start_n;
    for (const auto& place : places_of(starts.data<float>() + first,
                                       out.start_top_index.data<int64_t>() + first, start_n)) {
      const int64_t at = (first + static_cast<int64_t>(beam.starts.size())) * end_n;
      beam.starts.push_back({place, places_of(ends.data<float>() + at,
                                              out.end_top_index.data<int64_t>() + at, end_n)});
    }
    beams.push_back(std::move(beam));
  }
  return beams;
}

template <class Head>
auto compute(Head& head, std::span<const AnswerWindow* const> windows, int64_t batch_size) {
  std::vector<size_t> lengths;
  for (const AnswerWindow* window : windows) lengths.push_back(window->input_ids.size());
  using Outputs = decltype(outputs_of(typename Head::OutputType{}, lengths));
  Outputs all(windows.size());
  for_batches_by_length(lengths, batch_size, [&](std::span<const size_t> which) {
    Sequences batch;
    std::vector<size_t> sizes;
    for (const size_t i : which) {
      batch.input_ids.push_back(windows[i]->input_ids);
      batch.token_type_ids.push_back(windows[i]->token_type_ids);
      sizes.push_back(lengths[i]);
    }
    Outputs some = outputs_of(head.forward(batch), sizes);
    for (size_t row = 0; row < which.size(); ++row) all[which[row]] = std::move(some[row]);
  });
  return all;
}

}  // namespace

bool has_beam_search_head(const AlbertConfig& config, const WeightSource& weights) {
  const auto& named = config.architectures;
  if (named.empty()) return weights.tensors().contains(kBeamSearchTensor);
  return std::find(named.begin(), named.end(), kBeamSearch) != named.end();
}

QuestionAnsweringHead load_question_answering_head(const std::filesystem::path& folder,
                                                   const ModelOptions& options) {
  if (has_beam_search_head(AlbertConfig::from_folder(folder),
                           *open_weights(folder, options.prefix)))
    return AlbertForQuestionAnsweringBeamSearch::from_pretrained(folder, options);
  return AlbertForQuestionAnswering::from_pretrained(folder, options);
}

AlbertPreTrainedModel& model_of(QuestionAnsweringHead& head) {
  return std::visit([](auto& form) -> AlbertPreTrainedModel& { return form; }, head);
}

std::vector<AnswerChoice> choose_answers(QuestionAnsweringHead& head,
                                         std::span<const WindowedQuestion> questions,
                                         const AnswerSearch& search, int64_t batch_size) {
  check_search(search);
  std::vector<const AnswerWindow*> windows;
  for (const WindowedQuestion& question : questions)
    for (const AnswerWindow& window : question.windows) windows.push_back(&window);
  if (auto* beam = std::get_if<AlbertForQuestionAnsweringBeamSearch>(&head))
    beam->set_beam({search.start_n_top, search.end_n_top});
  return std::visit(
      [&](auto& form) {
        const auto all = compute(form, windows, batch_size);
        std::vector<AnswerChoice> choices;
        size_t at = 0;
        for (const WindowedQuestion& question : questions) {
          const auto outputs = std::span(all).subspan(at, question.windows.size());
          choices.push_back(choose_answer(*question.context, question.windows, outputs, search));
          at += question.windows.size();
        }
        return choices;
      },
      head);
}

}  // namespace albert
