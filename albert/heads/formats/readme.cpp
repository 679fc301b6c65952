#include "albert/heads/formats/readme.h"

#include <array>
#include <sstream>

#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/heads/state_dict.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr const char* kResults = "eval_results.json";
constexpr uint64_t kMaxResults = 1 << 20;

void add_parameters(std::ostream& text, const ModelToWrite& model) {
  constexpr std::array kParts{"embeddings", "encoder", "pooler", "head"};  // by ModelPart
  std::array<int64_t, kParts.size()> counts{};
  for (const auto& [name, info] : model.weights->tensors())
    counts.at(static_cast<size_t>(part_of(name))) += elements_of(info);
  text << "## Parameters\nThose that layers share are counted once.\n\n| part | parameters |\n"
       << "|---|---:|\n";
  for (size_t part = 0; part < kParts.size(); ++part)
    if (counts.at(part) > 0) text << "| " << kParts.at(part) << " | " << counts.at(part) << " |\n";
  text << "| total | " << model.parameters() << " |\n";
}

void add_results(std::ostream& text, const fs::path& from) {
  std::error_code ignored;
  const fs::path file = from / kResults;
  if (!fs::is_regular_file(file, ignored)) return;
  const auto results = parse_json(file.string(), read_text_file(file, kMaxResults));
  text << "\n## Evaluation\n| metric | value |\n|---|---:|\n";
  for (const auto& [metric, value] : results.items())
    if (value.is_number()) text << "| " << metric << " | " << value.dump() << " |\n";
}

}  // namespace

std::string model_readme(const fs::path& from, const ModelToWrite& model) {
  const AlbertConfig& c = model.config;
  std::ostringstream text;
  text << "---\nlibrary_name: transformers\ntags:\n- albert\n---\n"
       << "# " << fs::absolute(from / "").parent_path().filename().string() << "\n"
       << model.architecture() << ": " << c.num_hidden_layers << " layers of "
       << c.num_hidden_groups << " group(s), hidden size " << c.hidden_size << ", "
       << c.num_attention_heads << " attention heads, intermediate size " << c.intermediate_size
       << ", embeddings of " << c.embedding_size << ", vocabulary of " << c.vocab_size << ", up to "
       << c.max_position_embeddings << " tokens.\n\n";
  add_parameters(text, model);
  add_results(text, from);
  return text.str();
}

}  // namespace albert
