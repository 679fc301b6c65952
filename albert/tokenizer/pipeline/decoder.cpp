#include "albert/tokenizer/pipeline/decoder.h"

#include <functional>
#include <optional>

#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

using Pieces = std::vector<std::string>;
using Run = std::function<Pieces(Pieces)>;
using Step = std::unique_ptr<const PieceDecoder>;

// A step that is a function.
class FunctionStep final : public PieceDecoder {
 public:
  explicit FunctionStep(Run run) : run_(std::move(run)) {}
  Pieces run(Pieces pieces) const override { return run_(std::move(pieces)); }

 private:
  Run run_;
};

Step step_of(Run run) { return std::make_unique<const FunctionStep>(std::move(run)); }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

void clean_up(std::string& text) {
  constexpr std::pair<const char*, const char*> kRules[] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kRules) replace_all(text, from, to);
}

Step read_metaspace(const JsonView& step) {
  const std::string mark = step.at("replacement").string();
  const bool prefixed = step.string_or("prepend_scheme", "always") != "never" &&
                        step.boolean_or("add_prefix_space", true);
  return step_of([=](Pieces pieces) {
    for (size_t i = 0; i < pieces.size(); ++i)
      replace_all(pieces[i], mark, i == 0 && prefixed ? "" : " ");
    return pieces;
  });
}

Step read_strip(const JsonView& step) {
  const std::string content = step.at("content").string();
  if (count_code_points(content) != 1) step.at("content").fail_wanted("one character");
  const int64_t first = step.at("start").integer(), last = step.at("stop").integer();
  return step_of([=](Pieces pieces) {
    for (std::string& piece : pieces) {
      for (int64_t i = 0; i < first && piece.rfind(content, 0) == 0; ++i)
        piece.erase(0, content.size());
      for (int64_t i = 0;
           i < last && piece.size() >= content.size() &&
           piece.compare(piece.size() - content.size(), content.size(), content) == 0;
           ++i)
        piece.erase(piece.size() - content.size());
    }
    return pieces;
  });
}

Step read_replace(const JsonView& step) {
  const std::string from = step.at("pattern").at("String").string(),
                    to = step.at("content").string();
  return step_of([=](Pieces pieces) {
    for (std::string& piece : pieces) replace_all(piece, from, to);
    return pieces;
  });
}

std::optional<char> byte_of(const std::string& piece) {
  if (piece.size() != 6 || piece.rfind("<0x", 0) != 0 || piece[5] != '>') return std::nullopt;
  const std::string digits = piece.substr(3, 2);
  if (digits.find_first_not_of("0123456789ABCDEFabcdef") != std::string::npos) return std::nullopt;
  return static_cast<char>(std::stoi(digits, nullptr, 16));
}

// Runs of pieces of bytes become the text they are, or one U+FFFD a byte.
Pieces without_bytes(const Pieces& pieces) {
  Pieces result;
  std::string run;
  const auto flush = [&] {
    if (run.empty()) return;
    if (invalid_utf8(run) == std::string::npos)
      result.push_back(run);
    else
      result.insert(result.end(), run.size(), "\uFFFD");
    run.clear();
  };
  for (const std::string& piece : pieces) {
    if (const auto byte = byte_of(piece)) {
      run += *byte;
      continue;
    }
    flush();
    result.push_back(piece);
  }
  flush();
  return result;
}

Step read_sequence(const JsonView& step) {
  const JsonView list = step.at("decoders");
  std::vector<std::shared_ptr<const PieceDecoder>> steps;
  for (size_t i = 0; i < list.size(); ++i) steps.push_back(read_decoder(list.item(i)));
  return step_of([steps](Pieces pieces) {
    for (const auto& next : steps) pieces = next->run(std::move(pieces));
    return pieces;
  });
}

struct Known {
  const char* name;
  Step (*read)(const JsonView&);
};

const Known kKnown[] = {
    {"WordPiece",
     [](const JsonView& step) {
       return make_word_piece_decoder(step.string_or("prefix", "##"),
                                      step.boolean_or("cleanup", true));
     }},
    {"Metaspace", read_metaspace},
    {"Strip", read_strip},
    {"Replace", read_replace},
    {"Fuse",
     [](const JsonView&) {
       return step_of([](const Pieces& pieces) { return Pieces{joined(pieces, "")}; });
     }},
    {"ByteFallback", [](const JsonView&) { return step_of(without_bytes); }},
    {"Sequence", read_sequence},
};

}  // namespace

Step make_word_piece_decoder(const std::string& continuation, bool cleanup) {
  return step_of([=](Pieces pieces) {
    for (size_t i = 0; i < pieces.size(); ++i) {
      std::string& piece = pieces[i];
      if (i > 0 && !continuation.empty() && piece.rfind(continuation, 0) == 0)
        piece.erase(0, continuation.size());
      else if (i > 0)
        piece.insert(0, " ");
      if (cleanup) clean_up(piece);
    }
    return pieces;
  });
}

Step read_decoder(const JsonView& step) {
  const JsonView type = step.at("type");
  std::vector<std::string> names;
  for (const Known& known : kKnown) {
    if (type.string() == known.name) return known.read(step);
    names.emplace_back(known.name);
  }
  type.fail_wanted(one_of(names));
}

}  // namespace albert
