#pragma once
#include <array>
#include <string_view>
#include <type_traits>
#include <vector>

#include "albert/heads/albert_model.h"
#include "albert/heads/masked_lm.h"
#include "albert/heads/multiple_choice.h"
#include "albert/heads/pretraining.h"
#include "albert/heads/question_answering.h"
#include "albert/heads/question_answering_beam_search.h"
#include "albert/heads/sequence_classification.h"
#include "albert/heads/token_classification.h"

namespace albert {

// The names of a head: a short one for flags, and the class that config.json names.
struct HeadName {
  std::string_view name, architecture;
};
constexpr std::array<HeadName, 8> kHeadNames{
    {{"model", "AlbertModel"},
     {"pretraining", "AlbertForPreTraining"},
     {"masked-lm", "AlbertForMaskedLM"},
     {"sequence-classification", "AlbertForSequenceClassification"},
     {"multiple-choice", "AlbertForMultipleChoice"},
     {"token-classification", "AlbertForTokenClassification"},
     {"question-answering", "AlbertForQuestionAnswering"},
     {"question-answering-beam-search", "AlbertForQuestionAnsweringBeamSearch"}}};

std::vector<std::string> head_names();     // "model", ..
std::vector<std::string> architectures();  // "AlbertModel", ..

// The entry whose name or architecture `name` is. Error(kBadData) that lists the architectures.
const HeadName& head_named(std::string_view name);

// Returns f(std::type_identity<Head>{}) for the head of either name. Error(kBadData) as above.
template <class F>
decltype(auto) visit_head(std::string_view name, F f) {
  const std::string_view architecture = head_named(name).architecture;
  if (architecture == "AlbertForPreTraining") return f(std::type_identity<AlbertForPreTraining>{});
  if (architecture == "AlbertForMaskedLM") return f(std::type_identity<AlbertForMaskedLM>{});
  if (architecture == "AlbertForSequenceClassification")
    return f(std::type_identity<AlbertForSequenceClassification>{});
  if (architecture == "AlbertForMultipleChoice")
    return f(std::type_identity<AlbertForMultipleChoice>{});
  if (architecture == "AlbertForTokenClassification")
    return f(std::type_identity<AlbertForTokenClassification>{});
  if (architecture == "AlbertForQuestionAnswering")
    return f(std::type_identity<AlbertForQuestionAnswering>{});
  if (architecture == "AlbertForQuestionAnsweringBeamSearch")
    return f(std::type_identity<AlbertForQuestionAnsweringBeamSearch>{});
  return f(std::type_identity<AlbertModel>{});
}

}  // namespace albert
