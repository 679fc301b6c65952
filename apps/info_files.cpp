#include "apps/info_files.h"

#include <ostream>
#include <set>

#include "albert/base/printable.h"
#include "albert/engine/weights/weight_format.h"
#include "albert/heads/registry.h"
#include "albert/heads/state_dict.h"
#include "albert/tokenizer/tokenizer.h"

namespace albert::apps {
namespace {

using nlohmann::ordered_json;

// Adds which tensors the head misses, does not use or has in another shape.
void add_differences(ordered_json& files, const std::string& architecture,
                     const AlbertConfig& config, const WeightSource& weights) {
  visit_head(architecture, [&](auto type) {
    const auto head = decltype(type)::type::fitting(config, weights);
    const StateDict found = match_state_dict(head.parameters(), config, weights);
    files["missing"] = ordered_json::array();
    for (const Parameter* p : found.missing) files["missing"].push_back(described(*p));
    files["not_used"] = found.unexpected;
    files["wrong"] = found.wrong;
  });
}

}  // namespace

std::string with_commas(int64_t n) {
  std::string digits = std::to_string(n);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

ordered_json files_json(const std::string& architecture, const AlbertConfig& config,
                        const std::filesystem::path& file, const WeightSource& weights) {
  int64_t elements = 0;
  std::set<std::string> types;
  ordered_json list = ordered_json::object();
  for (const auto& [name, info] : weights.tensors()) {
    int64_t n = 1;
    for (const int64_t d : info.shape) n *= d;
    elements += n;
    types.insert(name_of(info.dtype));
    list[name] = {{"shape", info.shape}, {"dtype", name_of(info.dtype)}};
  }
  ordered_json files{{"file", file.filename().string()},
                     {"format", weight_format(file)},
                     {"tensors", weights.tensors().size()},
                     {"elements", elements},
                     {"dtypes", types},
                     {"list", list}};
  add_differences(files, architecture, config, weights);
  return files;
}

void print_files(std::ostream& out, const ordered_json& files) {
  out << "files\n  " << files.at("file").get<std::string>() << ": "
      << files.at("format").get<std::string>() << ", " << files.at("tensors") << " tensors, "
      << with_commas(files.at("elements").get<int64_t>()) << " elements\n";
  for (const auto& [name, info] : files.at("list").items())
    out << "  " << printable(name) << ' '
        << shape_string(info.at("shape").get<std::vector<int64_t>>()) << ' '
        << info.at("dtype").get<std::string>() << "\n";
  for (const auto& [key, label] :
       {std::pair{"missing", "missing: "}, std::pair{"not_used", "not used: "},
        std::pair{"wrong", "does not fit: "}})
    for (const auto& tensor : files.at(key))
      out << "  " << label << tensor.get<std::string>() << "\n";
}

ordered_json vocabulary_json(const std::filesystem::path& folder, const AlbertConfig& config,
                             std::ostream& err) {
  try {
    const auto tokenizer = Tokenizer::from_pretrained(folder);
    const ordered_json vocabulary{{"pieces", tokenizer->vocab_size()}};
    if (tokenizer->vocab_size() != config.vocab_size)
      err << "albert: note: the tokenizer has " << tokenizer->vocab_size() << " pieces, the model "
          << config.vocab_size << " words\n";
    return vocabulary;
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kMissingInput) err << "albert: note: " << e.what() << "\n";
    return nullptr;
  }
}

void print_vocabulary(std::ostream& out, const ordered_json& vocabulary) {
  out << "vocabulary\n  ";
  if (vocabulary.is_null())
    out << "no tokenizer\n";
  else
    out << with_commas(vocabulary.at("pieces").get<int64_t>()) << " pieces\n";
}

}  // namespace albert::apps
