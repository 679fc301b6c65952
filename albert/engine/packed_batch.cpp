#include "albert/engine/packed_batch.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace albert {
namespace {

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
           ", it must be 0 or 1");
    kept[static_cast<size_t>(i)] = v == 1;
  }
  return kept;
}

}  // namespace

int64_t bucket_size(int64_t n) {
  constexpr int64_t kLeast = 8, kStepsPerOctave = 16;
  const int64_t step = std::max<int64_t>(
      kLeast, static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(n))) / kStepsPerOctave);
  return (n + step - 1) / step * step;
}

PackedBatch::PackedBatch(const ModelInputs& inputs, const AlbertConfig& config, bool rounded)
    : rounded_(rounded) {
  const bool ids = !inputs.input_ids.shape().empty(),
             embeds = !inputs.inputs_embeds.shape().empty();
  if (ids == embeds) fail(ErrorCode::kBadData, "give exactly one of input_ids and inputs_embeds");
  const HostTensor& given = ids ? inputs.input_ids : inputs.inputs_embeds;
  if (given.shape().size() != (ids ? 2U : 3U))
    fail(ErrorCode::kBadData, ids ? "input_ids is " : "inputs_embeds is ", given.shape_string(),
         ", wanted ", ids ? "[batch, length]" : "[batch, length, embedding_size]");
  batch_ = given.dim(0);
  length_ = given.dim(1);
  if (batch_ == 0 || length_ == 0)
    fail(ErrorCode::kBadData, "the batch is empty: input_ids is ", given.shape_string());
  if (length_ > config.max_position_embeddings && inputs.position_ids.empty())
    fail(ErrorCode::kBadData, "sequences of ", length_, " tokens, the model has ",
         config.max_position_embeddings, " positions (max_position_embeddings): truncate them");
  if (batch_ * length_ > INT32_MAX)
    fail(ErrorCode::kBadData, "a batch of ", batch_, " x ", length_, " tokens is too large");
  if (embeds && inputs.inputs_embeds.dim(2) != config.embedding_size)
    fail(ErrorCode::kBadData, "inputs_embeds is ", given.shape_string(),
         ", its width must be embedding_size, ", config.embedding_size);
  find_tokens(inputs);
  read_ids(inputs, config);
}

void PackedBatch::find_tokens(const ModelInputs& inputs) {
  const std::vector<bool> kept = mask_of(inputs.attention_mask, batch_, length_);
  cu_seqlens_.push_back(0);
  for (int64_t b = 0; b < batch_; ++b) {
    for (int64_t column = 0; column < length_; ++column) {
      if (!kept[static_cast<size_t>(b * length_ + column)]) continue;
      append_row(b, column);
    }
    if (static_cast<int64_t>(columns_.size()) == cu_seqlens_.back())
      fail(ErrorCode::kBadData, "sequence ", b, " has no token: its attention_mask is all 0");
    cu_seqlens_.push_back(static_cast<int32_t>(columns_.size()));
    sequence_ids_.push_back(b << 32);
  }
  real_tokens_ = tokens();
  if (rounded_) pad_to_bucket();
}

void PackedBatch::append_row(int64_t sequence, int64_t column) {
  row_numbers_.push_back(static_cast<int32_t>(columns_.size()));
  in_sequence_.push_back(static_cast<int32_t>(columns_.size()) - cu_seqlens_.back());
  columns_.push_back(static_cast<int32_t>(column));
  sequences_.push_back(static_cast<int32_t>(sequence));
  row_ids_.push_back(sequence << 32 | column);
}

// The last sequence may be empty: that there is one is the same for all batches.
void PackedBatch::pad_to_bucket() {
  const int64_t wanted = bucket_size(real_tokens_);
  while (tokens() < wanted) append_row(batch_, 0);
  cu_seqlens_.push_back(static_cast<int32_t>(tokens()));
}

std::vector<int32_t> PackedBatch::packed_ids(const HostTensor& padded, const char* name,
                                             int64_t limit, const char* of) const {
  const bool broadcast = padded.shape().size() == 2 && padded.dim(0) == 1;
  check_shape(padded, name, broadcast ? 1 : batch_, length_);
  if (is_float(padded.dtype()))
    fail(ErrorCode::kBadData, name, " must be integers, not ", name_of(padded.dtype()));
  const HostTensor values = padded.to(DType::kI64);
  std::vector<int32_t> ids(columns_.size());  // 0 in the filling
  for (size_t row = 0; row < static_cast<size_t>(real_tokens_); ++row) {
    const int64_t b = sequences_[row], column = columns_[row];
    const int64_t id = values.at<int64_t>((broadcast ? 0 : b) * length_ + column);
    if (id < 0 || id >= limit)
      fail(ErrorCode::kBadData, name, "[", b, ", ", column, "] is ", id, ", the model has ", limit,
           " ", of, " (0..", limit - 1, ")");
    ids[row] = static_cast<int32_t>(id);
  }
  return ids;
}

void PackedBatch::read_ids(const ModelInputs& inputs, const AlbertConfig& config) {
  if (!inputs.input_ids.empty())
    input_ids_ = packed_ids(inputs.input_ids, "input_ids", config.vocab_size, "words (vocab_size)");
  else
    inputs_embeds_ = pack(inputs.inputs_embeds, "inputs_embeds");
  token_type_ids_ = inputs.token_type_ids.empty()
                        ? std::vector<int32_t>(columns_.size(), 0)
                        : packed_ids(inputs.token_type_ids, "token_type_ids",
                                     config.type_vocab_size, "token types (type_vocab_size)");
  position_ids_ = inputs.position_ids.empty() ? columns_
                                              : packed_ids(inputs.position_ids, "position_ids",
                                                           config.max_position_embeddings,
                                                           "positions (max_position_embeddings)");
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
  if (batch.rounded() && !rows.empty())
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
