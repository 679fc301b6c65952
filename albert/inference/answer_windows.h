#pragma once
#include <string_view>
#include <utility>
#include <vector>

#include "albert/inference/text_encoder.h"

namespace albert {

// How a context that is longer than a model takes is read, under the names of transformers' run_qa.
struct WindowOptions {
  // Ids of a window with question and special tokens; without it 384, or the model's positions
  // where it has fewer.
  std::optional<int64_t> max_seq_length = {};
  int64_t doc_stride = 128;       // ids of the context that a window shares with the one before
  int64_t max_query_length = 64;  // ids of the question that stay, its first ones
};

// A question and a part of its context, as a model takes them.
struct AnswerWindow {
  std::vector<int32_t> input_ids = {}, token_type_ids = {};
  int64_t first = 0;  // position of the part's first token in the window
  // Of each token of the part: code points [begin, end) of the context.
  std::vector<std::pair<int64_t, int64_t>> offsets = {};
  // Of each token of the part, whether this is the first window with the most text around it.
  std::vector<bool> has_max_context = {};

  int64_t tokens() const { return static_cast<int64_t>(offsets.size()); }  // of the part
};

// Questions and contexts to windows for one model.
class WindowEncoder {
 public:
  // Error(kUsage) for sizes that leave no room for a context, Error(kMismatch) as TextEncoder.
  WindowEncoder(std::shared_ptr<const Tokenizer> tokenizer, const AlbertConfig& config,
                const WindowOptions& options);

  // One or more, in their order. Error(kBadData) for text that is not UTF-8.
  std::vector<AnswerWindow> windows(std::string_view question, std::string_view context) const;

  const Tokenizer& tokenizer() const { return encoder_.tokenizer(); }
  int64_t max_seq_length() const { return encoder_.max_seq_length(); }
  const std::string& warning() const { return encoder_.warning(); }

 private:
  TextEncoder encoder_;
  WindowOptions options_;
};

// The positions in the window of the answer at the code points [begin, end) of the context: of the
// last token that begins no later and of the first that ends no earlier, or {0, 0}, [CLS], where
// the window has not all of it.
std::pair<int64_t, int64_t> answer_positions(const AnswerWindow& window, int64_t begin,
                                             int64_t end);

}  // namespace albert
