#include "albert/engine/packed_batch.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "albert/engine/argsort.h"

namespace albert {
namespace {

constexpr const char *kWords = "words (vocab_size)", *kTypes = "token types (type_vocab_size)",
                     *kPositions = "positions (max_position_embeddings)";

void check_shape(const HostTensor& t, const char* name, int64_t batch, int64_t length) {
  const bool fits = t.shape().size() == 2 && t.dim(0) == batch && t.dim(1) == length;
  if (!fits)
    fail(ErrorCode::kBadData, name, " is ", t.shape_string(), ", input_ids is [", batch, ", ",
         length, "]");
}

// A mask may be of any type, but each value must be exactly 0 or 1.
std::vector<bool> mask_of(const HostTensor& mask, int64_t batch, int64_t length) {
  if (mask.empty()) return std::vector<bool>(static_cast<size_t>(batch * length), true);
  check_shape(mask, "attention_mask", batch, length);
  const HostTensor values = mask.to(DType::kF64);
  std::vector<bool> kept(static_cast<size_t>(batch * length));
  for (int64_t i = 0; i < values.size(); ++i) {
    const double v = values.at<double>(i);
    if (v != 0 && v != 1)
      fail(ErrorCode::kBadData, "attention_mask[", i / length, ", ", i % length, "] is ", v,
           ", wanted 0 or 1");
    kept[static_cast<size_t>(i)] = v == 1;
  }
  return kept;
}

void check_id(int64_t id, int64_t limit, const char* name, int64_t b, int64_t column,
              const char* of) {
  if (id < 0 || id >= limit)
    fail(ErrorCode::kBadData, name, "[", b, ", ", column, "] is ", id, ", the model has ", limit,
         " ", of, " (0..", limit - 1, ")");
}

}  // namespace

int64_t bucket_size(int64_t n) {
  constexpr int64_t kLeast = 8, kStepsPerOctave = 16;
  const int64_t step = std::max<int64_t>(
      kLeast, static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(n))) / kStepsPerOctave);
  return (n + step - 1) / step * step;
}

PackedBatch::PackedBatch(BatchInputs inputs, const BatchLimits& limits, bool bucketed)
    : bucketed_(bucketed) {
  if (const Sequences* ragged = inputs.ragged())
    read(*ragged, limits);
  else
    read(*inputs.padded(), limits);
}

void PackedBatch::read(const Sequences& ragged, const BatchLimits& limits) {
  batch_ = ragged.size();
  length_ = ragged.longest();
  if (batch_ == 0) fail(ErrorCode::kBadData, "the batch is empty: there are no input_ids");
  check_size(false, limits);
  cu_seqlens_.push_back(0);
  for (int64_t b = 0; b < batch_; ++b) {
    const auto tokens = static_cast<int64_t>(ragged.input_ids[static_cast<size_t>(b)].size());
    if (tokens == 0) fail(ErrorCode::kBadData, "input_ids[", b, "] is empty, wanted a token");
    for (int64_t column = 0; column < tokens; ++column) append_row(b, column);
    end_sequence();
  }
  end_rows();
  input_ids_ = packed_ids(ragged.input_ids, "input_ids", limits.vocab_size, kWords);
  token_type_ids_ =
      ragged.token_type_ids.empty()
          ? std::vector<int32_t>(columns_.size(), 0)
          : packed_ids(ragged.token_type_ids, "token_type_ids", limits.type_vocab_size, kTypes);
  position_ids_ = columns_;
}

void PackedBatch::read(const ModelInputs& padded, const BatchLimits& limits) {
  check_padded(padded, limits);
  find_tokens(padded.attention_mask);
  if (!padded.input_ids.empty())
    input_ids_ = packed_ids(padded.input_ids, "input_ids", limits.vocab_size, kWords);
  else
    inputs_embeds_ = pack(padded.inputs_embeds, "inputs_embeds");
  token_type_ids_ =
      padded.token_type_ids.empty()
          ? std::vector<int32_t>(columns_.size(), 0)
          : packed_ids(padded.token_type_ids, "token_type_ids", limits.type_vocab_size, kTypes);
  position_ids_ = padded.position_ids.empty()
                      ? columns_
                      : packed_ids(padded.position_ids, "position_ids",
                                   limits.max_position_embeddings, kPositions);
}

void PackedBatch::sort_rows(const BatchLimits& limits) {
  by_input_id_ = argsort(input_ids_, limits.vocab_size);
  by_token_type_id_ = argsort(token_type_ids_, limits.type_vocab_size);
  by_position_id_ = argsort(position_ids_, limits.max_position_embeddings);
}

void PackedBatch::check_size(bool has_positions, const BatchLimits& limits) const {
  if (length_ > limits.max_position_embeddings && !has_positions)
    fail(ErrorCode::kBadData, "sequences of ", length_, " tokens, the model has ",
         limits.max_position_embeddings, " positions (max_position_embeddings): truncate them");
  if (batch_ * length_ > INT32_MAX)
    fail(ErrorCode::kBadData, "a batch of ", batch_, " x ", length_, " tokens is too large");
}

void PackedBatch::check_padded(const ModelInputs& padded, const BatchLimits& limits) {
  const bool ids = !padded.input_ids.shape().empty(),
             embeds = !padded.inputs_embeds.shape().empty();
  if (ids == embeds)
    fail(ErrorCode::kBadData, "found ", ids ? "both" : "none",
         " of input_ids and inputs_embeds, wanted exactly one");
  const HostTensor& given = padded.given();
  const char* name = ids ? "input_ids is " : "inputs_embeds is ";
  if (given.shape().size() != (ids ? 2U : 3U))
    fail(ErrorCode::kBadData, name, given.shape_string(), ", wanted ",
         ids ? "[batch, length]" : "[batch, length, embedding_size]");
  batch_ = given.dim(0);
  length_ = given.dim(1);
  if (batch_ == 0 || length_ == 0)
    fail(ErrorCode::kBadData, "the batch is empty: ", name, given.shape_string());
  check_size(!padded.position_ids.empty(), limits);
  if (embeds && given.dim(2) != limits.embedding_size)
    fail(ErrorCode::kBadData, name, given.shape_string(), ", wanted a width of ",
         limits.embedding_size, " (embedding_size)");
}

void PackedBatch::find_tokens(const HostTensor& attention_mask) {
  const std::vector<bool> kept = mask_of(attention_mask, batch_, length_);
  cu_seqlens_.push_back(0);
  for (int64_t b = 0; b < batch_; ++b) {
    for (int64_t column = 0; column < length_; ++column)
      if (kept[static_cast<size_t>(b * length_ + column)]) append_row(b, column);
    if (tokens() == cu_seqlens_.back())
      fail(ErrorCode::kBadData, "sequence ", b, " has no token: its attention_mask is all 0");
    end_sequence();
  }
  end_rows();
}

void PackedBatch::append_row(int64_t sequence, int64_t column) {
  row_numbers_.push_back(static_cast<int32_t>(columns_.size()));
  in_sequence_.push_back(static_cast<int32_t>(columns_.size()) - cu_seqlens_.back());
  columns_.push_back(static_cast<int32_t>(column));
  sequences_.push_back(static_cast<int32_t>(sequence));
  row_ids_.push_back(sequence << 32 | column);
}

void PackedBatch::end_sequence() {
  sequence_ids_.push_back(static_cast<int64_t>(sequence_ids_.size()) << 32);
  cu_seqlens_.push_back(static_cast<int32_t>(tokens()));
}

// A bucketed batch always has the last sequence, even an empty one: otherwise its number of
// sequences would depend on its tokens.
void PackedBatch::end_rows() {
  real_tokens_ = tokens();
  if (const int64_t places = batch_ * length_; real_tokens_ < places) {
    rows_of_places_.assign(static_cast<size_t>(bucketed_ ? bucket_size(places) : places), -1);
    for (size_t row = 0; row < columns_.size(); ++row)
      rows_of_places_[static_cast<size_t>(sequences_[row] * length_ + columns_[row])] =
          static_cast<int32_t>(row);
  }
  if (!bucketed_) return;
  const int64_t wanted = bucket_size(real_tokens_);
  while (tokens() < wanted) append_row(batch_, 0);
  cu_seqlens_.push_back(static_cast<int32_t>(tokens()));
}

std::vector<int32_t> PackedBatch::packed_ids(const HostTensor& padded, const char* name,
                                             int64_t limit, const char* of) const {
  const bool broadcast = padded.shape().size() == 2 && padded.dim(0) == 1;
  check_shape(padded, name, broadcast ? 1 : batch_, length_);
  if (is_float(padded.dtype()))
    fail(ErrorCode::kBadData, name, " is ", name_of(padded.dtype()), ", wanted integers");
  const HostTensor values = padded.to(DType::kI64);
  std::vector<int32_t> ids(columns_.size());  // 0 in the filling
  for (size_t row = 0; row < static_cast<size_t>(real_tokens_); ++row) {
    const int64_t b = sequences_[row], column = columns_[row];
    const int64_t id = values.at<int64_t>((broadcast ? 0 : b) * length_ + column);
    check_id(id, limit, name, b, column, of);
    ids[row] = static_cast<int32_t>(id);
  }
  return ids;
}

std::vector<int32_t> PackedBatch::packed_ids(const std::vector<std::vector<int32_t>>& ragged,
                                             const char* name, int64_t limit,
                                             const char* of) const {
  if (static_cast<int64_t>(ragged.size()) != batch_)
    fail(ErrorCode::kBadData, name, " are ", ragged.size(), " sequences, input_ids are ", batch_);
  std::vector<int32_t> ids(columns_.size());  // 0 in the filling
  auto to = ids.begin();
  for (size_t b = 0; b < ragged.size(); ++b) {
    const int64_t tokens = cu_seqlens_[b + 1] - cu_seqlens_[b];
    if (static_cast<int64_t>(ragged[b].size()) != tokens)
      fail(ErrorCode::kBadData, name, "[", b, "] has ", ragged[b].size(), " tokens, input_ids[", b,
           "] has ", tokens);
    for (size_t i = 0; i < ragged[b].size(); ++i)
      check_id(ragged[b][i], limit, name, static_cast<int64_t>(b), static_cast<int64_t>(i), of);
    to = std::copy(ragged[b].begin(), ragged[b].end(), to);
  }
  return ids;
}

std::optional<int64_t> PackedBatch::row_of(int64_t sequence, int64_t column) const {
  const auto begin = columns_.begin() + cu_seqlens_[static_cast<size_t>(sequence)];
  const auto end = columns_.begin() + cu_seqlens_[static_cast<size_t>(sequence) + 1];
  const auto at = std::lower_bound(begin, end, static_cast<int32_t>(column));
  if (at == end || *at != column) return std::nullopt;
  return at - columns_.begin();
}

std::vector<int32_t> PackedBatch::first_rows() const {
  std::vector<int32_t> rows(cu_seqlens_.begin(), cu_seqlens_.begin() + batch_);
  for (size_t b = 0; b < rows.size(); ++b)
    if (columns_[static_cast<size_t>(rows[b])] != 0)
      fail(ErrorCode::kBadData, "attention_mask[", b,
           ", 0] is 0, but the pooler reads the first token: pad on the right");
  return rows;
}

HostTensor PackedBatch::unpack(const HostTensor& rows) const {
  std::vector<int64_t> shape = {batch_, length_};
  shape.insert(shape.end(), rows.shape().begin() + 1, rows.shape().end());
  HostTensor padded(rows.dtype(), shape);
  const size_t row_bytes = rows.bytes() / columns_.size();
  for (size_t row = 0; row < static_cast<size_t>(real_tokens_); ++row) {
    const auto at = static_cast<size_t>(sequences_[row] * length_ + columns_[row]);
    std::memcpy(static_cast<std::byte*>(padded.raw()) + at * row_bytes,
                static_cast<const std::byte*>(rows.raw()) + row * row_bytes, row_bytes);
  }
  return padded;
}

HostTensor PackedBatch::pack(const HostTensor& padded, const char* name) const {
  if (padded.shape().size() < 2 || padded.dim(0) != batch_ || padded.dim(1) != length_)
    fail(ErrorCode::kBadData, name, " is ", padded.shape_string(), ", the batch is [", batch_, ", ",
         length_, "]");
  std::vector<int64_t> shape = {tokens()};
  shape.insert(shape.end(), padded.shape().begin() + 2, padded.shape().end());
  HostTensor rows(padded.dtype(), shape);
  const size_t row_bytes = rows.bytes() / columns_.size();
  for (size_t row = 0; row < static_cast<size_t>(real_tokens_); ++row) {
    const auto at = static_cast<size_t>(sequences_[row] * length_ + columns_[row]);
    std::memcpy(static_cast<std::byte*>(rows.raw()) + row * row_bytes,
                static_cast<const std::byte*>(padded.raw()) + at * row_bytes, row_bytes);
  }
  return rows;
}

RowSelection select_rows(const PackedBatch& batch, std::vector<int32_t> rows) {
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  if (batch.bucketed() && !rows.empty())
    rows.resize(static_cast<size_t>(bucket_size(static_cast<int64_t>(rows.size()))),
                static_cast<int32_t>(batch.tokens() - 1));
  RowSelection selection;
  const auto* in_sequence = batch.index_in_sequence().as<int32_t>();
  const auto* row_ids = batch.row_ids().as<int64_t>();
  for (const int32_t row : rows) {
    selection.in_sequence.push_back(in_sequence[row]);
    selection.row_ids.push_back(row_ids[row]);
  }
  for (const int32_t begin : batch.offsets())
    selection.cu_seqlens.push_back(
        static_cast<int32_t>(std::lower_bound(rows.begin(), rows.end(), begin) - rows.begin()));
  selection.rows = std::move(rows);
  return selection;
}

}  // namespace albert
