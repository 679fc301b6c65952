#include "albert/inference/answer_windows.h"

#include <algorithm>

#include "albert/base/error.h"
#include "albert/inference/max_context.h"

namespace albert {
namespace {

constexpr int64_t kUsualLength = 384, kSpecialTokens = 3;

void check_sizes(const WindowOptions& options, int64_t max_seq_length) {
  if (options.max_query_length < 1)
    fail(ErrorCode::kUsage, "max_query_length ", options.max_query_length, ": wanted 1 or more");
  if (options.doc_stride < 0)
    fail(ErrorCode::kUsage, "doc_stride ", options.doc_stride, ": wanted 0 or more");
  const int64_t room = max_seq_length - kSpecialTokens - options.max_query_length;
  if (room < 1)
    fail(ErrorCode::kUsage, "max_seq_length ", max_seq_length, ": wanted more than ",
         max_seq_length - room, ", what max_query_length ", options.max_query_length,
         " and special tokens take");
  if (options.doc_stride >= room)
    fail(ErrorCode::kUsage, "doc_stride ", options.doc_stride, ": wanted less than ", room,
         ", which max_seq_length ", max_seq_length, " leaves beside max_query_length ",
         options.max_query_length, " and special tokens");
}

AnswerWindow window_of(Encoding encoding) {
  AnswerWindow window{std::move(encoding.input_ids), std::move(encoding.token_type_ids)};
  const auto& ids = encoding.sequence_ids;
  const auto first = std::find(ids.begin(), ids.end(), 1) - ids.begin();
  const auto count = std::count(ids.begin(), ids.end(), 1);
  const auto offsets = encoding.offset_mapping.begin() + (count > 0 ? first : 0);
  window.first = first;
  window.offsets.assign(offsets, offsets + count);
  return window;
}

void mark_max_context(std::vector<AnswerWindow>& windows, int64_t step) {
  std::vector<int64_t> sizes;
  for (const AnswerWindow& window : windows) sizes.push_back(window.tokens());
  const auto marked = max_context(sizes, step);
  for (size_t w = 0; w < windows.size(); ++w) windows[w].has_max_context = marked[w];
}

}  // namespace

WindowEncoder::WindowEncoder(std::shared_ptr<const Tokenizer> tokenizer, const AlbertConfig& config,
                             const WindowOptions& options)
    : encoder_(std::move(tokenizer), config, options.max_seq_length, kUsualLength),
      options_(options) {
  check_sizes(options, max_seq_length());
}

std::vector<AnswerWindow> WindowEncoder::windows(std::string_view question,
                                                 std::string_view context) const {
  std::vector<AnswerWindow> windows;
  for (Encoding& encoding :
       tokenizer().encode_overflowing(question, context,
                                      {.truncation = Truncation::kOnlySecond,
                                      .max_length = max_seq_length(),
                                      .stride = options_.doc_stride,
                                      .max_first_length = options_.max_query_length}))
    windows.push_back(window_of(std::move(encoding)));
  mark_max_context(windows, windows.front().tokens() - options_.doc_stride);
  return windows;
}

std::pair<int64_t, int64_t> answer_positions(const AnswerWindow& window, int64_t begin,
                                             int64_t end) {
  const auto& offsets = window.offsets;
  if (offsets.empty() || offsets.front().first > begin || offsets.back().second < end)
    return {0, 0};
  int64_t start = window.tokens() - 1, stop = 0;
  while (offsets[static_cast<size_t>(start)].first > begin) --start;
  while (offsets[static_cast<size_t>(stop)].second < end) ++stop;
  return {window.first + start, window.first + stop};
}

}  // namespace albert
