#pragma once
#include <memory>
#include <string>
#include <vector>

namespace albert {

class JsonView;

// One step of tokenizer.json's "decoder": pieces to texts, which are joined in the end.
class PieceDecoder {
 public:
  virtual ~PieceDecoder() = default;
  virtual std::vector<std::string> run(std::vector<std::string> pieces) const = 0;
};

// Error(kBadData) "place: .." for a step that is not known or does not say what it must.
std::unique_ptr<const PieceDecoder> read_decoder(const JsonView& step);
// WordPiece's: blanks before what does not begin with `continuation`.
std::unique_ptr<const PieceDecoder> make_word_piece_decoder(const std::string& continuation,
                                                            bool cleanup);

}  // namespace albert
