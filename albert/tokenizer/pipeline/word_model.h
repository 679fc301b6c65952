#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace albert {

class JsonView;

// Pieces by id, and ids by piece.
class PieceTable {
 public:
  // Of a piece that is there twice, the last one is found by its text.
  explicit PieceTable(std::vector<std::string> pieces);
  PieceTable(PieceTable&&) = default;
  PieceTable& operator=(PieceTable&&) = default;

  int64_t size() const { return static_cast<int64_t>(pieces_.size()); }
  const std::vector<std::string>& pieces() const { return pieces_; }
  std::optional<int32_t> id_of(std::string_view piece) const;

 private:
  std::vector<std::string> pieces_;
  std::unordered_map<std::string_view, int32_t> ids_;  // of pieces_, which does not move
};

// "model" of tokenizer.json: cuts a part of a text into pieces. Any number of threads may use one.
class WordModel {
 public:
  struct Cut {
    int32_t id;
    size_t begin, end;  // bytes of the part
  };
  virtual ~WordModel() = default;
  virtual std::vector<Cut> encode(std::string_view part) const = 0;
  virtual const PieceTable& table() const = 0;
  // What a piece that continues a word begins with: "##"; empty where the first piece of a word is
  // marked instead.
  virtual const std::string& continuation() const = 0;
  virtual int32_t unknown() const = 0;  // 0 where the model has no unknown piece
};

struct WordPieceRules {
  std::string unknown = "[UNK]", continuation = "##";
  size_t max_chars_per_word = 100;  // longer ones are unknown
};
// Greedy, the longest piece first; a word with a part that has no piece is unknown (Wu 2016,
// arXiv:1609.08144, as BERT has it). Error(kBadData) "name: .." where `unknown` is no piece.
std::unique_ptr<const WordModel> make_word_piece_model(const std::string& name, PieceTable table,
                                                       WordPieceRules rules);

// Error(kBadData) "place: ..", also for a model of another type.
std::unique_ptr<const WordModel> read_word_model(const JsonView& model);

}  // namespace albert
