#include "albert/inference/token_windows.h"

#include <algorithm>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/inference/max_context.h"
#include "albert/tokenizer/utf8.h"

namespace albert {

TokenWindowEncoder::TokenWindowEncoder(std::shared_ptr<const Tokenizer> tokenizer,
                                       const AlbertConfig& config,
                                       const TokenWindowOptions& options)
    : encoder_(std::move(tokenizer), config, options.max_seq_length),
      around_(encoder_.tokenizer().encode("a")) {
  if (options.stride < 0) fail(ErrorCode::kUsage, "stride ", options.stride, ": wanted 0 or more");
  const auto& special = around_.special_tokens_mask;
  before_ = static_cast<size_t>(std::find(special.begin(), special.end(), 0) - special.begin());
  behind_ = static_cast<size_t>(std::find(special.rbegin(), special.rend(), 0) - special.rbegin());
  const size_t room = static_cast<size_t>(max_seq_length()) - before_ - behind_;
  stride_ = std::min(static_cast<size_t>(options.stride), room / 2);
}

// As the pipeline decides: by ## in WordPiece, else by the blank before it; an unknown one always.
bool TokenWindowEncoder::starts_word(int32_t id) const {
  constexpr std::string_view kBlank = "\u2581";
  const bool word_piece = !around_.tokens[before_].starts_with(kBlank);
  const std::string& piece = tokenizer().piece(id);
  return id == tokenizer().unk_id() ||
         (word_piece ? !piece.starts_with("##") : piece.starts_with(kBlank));
}

void TokenWindowEncoder::add(std::string_view text, int64_t at, int64_t word, WindowedText& to,
                             Ids& ids) const {
  const Encoding encoding = tokenizer().encode(text, {.add_special_tokens = false});
  for (size_t i = 0; i < encoding.input_ids.size(); ++i) {
    const auto [begin, end] = encoding.offset_mapping[i];
    const int32_t id = encoding.input_ids[i];
    to.tokens.push_back({at + begin, at + end, word, starts_word(id)});
    ids.push_back(id);
  }
}

// As return_overflowing_tokens of transformers' tokenizers cuts.
void TokenWindowEncoder::cut(const Ids& ids, WindowedText& text) const {
  const size_t room = static_cast<size_t>(max_seq_length()) - before_ - behind_,
               step = room - stride_;
  std::vector<int64_t> sizes;
  for (size_t begin = 0; sizes.empty() || begin + stride_ < ids.size(); begin += step)
    sizes.push_back(static_cast<int64_t>(std::min(room, ids.size() - begin)));
  const auto decided = max_context(sizes, static_cast<int64_t>(step));
  const auto special = [&](TokenWindow& window, size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      window.input_ids.push_back(around_.input_ids[i]);
      window.token_type_ids.push_back(around_.token_type_ids[i]);
      window.decides.push_back(-1);
    }
  };
  for (size_t w = 0; w < sizes.size(); ++w) {
    TokenWindow window;
    special(window, 0, before_);
    for (size_t t = 0; t < decided[w].size(); ++t) {
      window.input_ids.push_back(ids[w * step + t]);
      window.token_type_ids.push_back(around_.token_type_ids[before_]);
      window.decides.push_back(decided[w][t] ? static_cast<int64_t>(w * step + t) : -1);
    }
    special(window, around_.input_ids.size() - behind_, around_.input_ids.size());
    text.windows.push_back(std::move(window));
  }
}

WindowedText TokenWindowEncoder::text(std::string_view text) const {
  WindowedText result{std::string(text)};
  Ids ids;
  add(text, 0, -1, result, ids);
  cut(ids, result);
  return result;
}

WindowedText TokenWindowEncoder::words(std::span<const std::string> words) const {
  WindowedText result{joined(words, " "), static_cast<int64_t>(words.size())};
  Ids ids;
  int64_t at = 0;
  for (size_t w = 0; w < words.size(); ++w) {
    add(words[w], at, static_cast<int64_t>(w), result, ids);
    at += count_code_points(words[w]) + 1;
  }
  cut(ids, result);
  return result;
}

}  // namespace albert
