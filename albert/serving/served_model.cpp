#include "albert/serving/served_model.h"

#include <algorithm>
#include <array>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert::serving {
namespace {

struct Kind {
  std::string_view architecture;
  std::unique_ptr<ServedModel> (*load)(const ServedFolder&);
};

constexpr std::array<Kind, 8> kKinds{
    {{"AlbertForSequenceClassification", load_served_classifier},
     {"AlbertForQuestionAnswering", load_served_answerer},
     {"AlbertForQuestionAnsweringBeamSearch", load_served_answerer},
     {"AlbertForTokenClassification", load_served_tagger},
     {"AlbertForMultipleChoice", load_served_chooser},
     {"AlbertForMaskedLM", load_served_mask_filler},
     {"AlbertForPreTraining", load_served_mask_filler},
     {"AlbertModel", load_served_embedder}}};

}  // namespace

std::unique_ptr<ServedModel> load_served_model(const ServedFolder& folder) {
  // sentence-transformers may keep the model in a folder of its own.
  if (std::filesystem::exists(folder.path / "modules.json")) return load_served_embedder(folder);
  const auto named = AlbertConfig::from_folder(folder.path).architectures;
  std::vector<std::string> known;
  for (const Kind& kind : kKinds) {
    if (std::find(named.begin(), named.end(), kind.architecture) != named.end())
      return kind.load(folder);
    known.emplace_back(kind.architecture);
  }
  fail(ErrorCode::kMismatch, folder.path.string(), ": found ",
       named.empty() ? "no head" : joined(named), " in config.json, wanted ", one_of(known));
}

}  // namespace albert::serving
