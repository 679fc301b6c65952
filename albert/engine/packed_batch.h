#pragma once
#include <optional>
#include <vector>

#include "albert/engine/batch_inputs.h"

namespace albert {

// The sizes of a model that a batch is checked against.
struct BatchLimits {
  int64_t vocab_size = 0, type_vocab_size = 0, max_position_embeddings = 0, embedding_size = 0;
};

// The real tokens of a batch, one after the other: T rows, of which sequence b owns
// [cu_seqlens[b], cu_seqlens[b + 1]). The engine computes on these alone; padding exists only in
// padded inputs and in outputs.
//
// A bucketed batch brings batches of about equal size to the very same shapes, so that one captured
// step serves them all: tokens are filled up to bucket_size() by a last sequence that nobody reads,
// row selections by repeating their last row. The filling reaches no output and no gradient.
class PackedBatch {
 public:
  // Checks everything a kernel would trust: ids, positions and types in their tables, lengths, no
  // batch or sequence without a token. Error(kBadData) that names the place, "input_ids[1, 7] is
  // 30522, the model has 30000 words (vocab_size) (0..29999)".
  PackedBatch(BatchInputs inputs, const BatchLimits& limits, bool bucketed = false);

  int64_t batch_size() const { return batch_; }
  int64_t padded_length() const { return length_; }
  int64_t tokens() const { return static_cast<int64_t>(columns_.size()); }  // T, with the filling
  int64_t real_tokens() const { return real_tokens_; }
  // B, and one more in a bucketed batch.
  int64_t sequences() const { return static_cast<int64_t>(cu_seqlens_.size()) - 1; }
  bool bucketed() const { return bucketed_; }
  bool has_embeds() const { return !inputs_embeds_.empty(); }

  // Views of host memory, valid while this lives. [T] i32 but where said.
  Tensor input_ids() const { return view(input_ids_); }
  Tensor token_type_ids() const { return view(token_type_ids_); }
  Tensor position_ids() const { return view(position_ids_); }
  Tensor cu_seqlens() const { return view(cu_seqlens_); }          // [B + 1]
  Tensor index_in_sequence() const { return view(in_sequence_); }  // 0.. in each sequence
  Tensor row_numbers() const { return view(row_numbers_); }        // 0..T-1
  Tensor row_ids() const { return view(row_ids_); }                // [T] i64: identity for dropout
  Tensor sequence_ids() const {
    return view(sequence_ids_);
  }  // [B] i64: that of the whole sequence
  const HostTensor& inputs_embeds() const { return inputs_embeds_; }  // [T, E]

  const std::vector<int32_t>& offsets() const { return cu_seqlens_; }
  int64_t sequence_of(int64_t row) const { return sequences_[static_cast<size_t>(row)]; }
  int64_t column_of(int64_t row) const {
    return columns_[static_cast<size_t>(row)];
  }  // in the padded [B, S]
  std::optional<int64_t> row_of(int64_t sequence,
                                int64_t column) const;  // none where it is padding

  // The first column of every sequence: what the pooler reads. Error(kBadData) where it is padding.
  std::vector<int32_t> first_rows() const;

  // [T, ...] rows into [B, S, ...], zeros at padding.
  HostTensor unpack(const HostTensor& rows) const;
  // [B, S, ...] into [T, ...].
  HostTensor pack(const HostTensor& padded, const char* name) const;

 private:
  template <class T>
  static Tensor view(const std::vector<T>& v) {
    return {const_cast<T*>(v.data()), {static_cast<int64_t>(v.size())}, DTypeOf<T>::value};
  }
  void read(const Sequences& ragged, const BatchLimits& limits);
  void read(const ModelInputs& padded, const BatchLimits& limits);
  void check_size(bool has_positions, const BatchLimits& limits) const;
  void check_padded(const ModelInputs& padded, const BatchLimits& limits);
  void find_tokens(const HostTensor& attention_mask);
  void append_row(int64_t sequence, int64_t column);
  void end_sequence();
  void end_rows();
  std::vector<int32_t> packed_ids(const HostTensor& padded, const char* name, int64_t limit,
                                  const char* of) const;
  std::vector<int32_t> packed_ids(const std::vector<std::vector<int32_t>>& ragged, const char* name,
                                  int64_t limit, const char* of) const;

  int64_t batch_ = 0, length_ = 0, real_tokens_ = 0;
  bool bucketed_;
  std::vector<int32_t> input_ids_, token_type_ids_, position_ids_, cu_seqlens_, in_sequence_,
      row_numbers_;
  std::vector<int32_t> columns_, sequences_;
  std::vector<int64_t> row_ids_, sequence_ids_;
  HostTensor inputs_embeds_;
};

// n rounded up to a multiple of a sixteenth of the power of two below it, of 8 at least: there are
// few sizes, at most 6 % apart where n is large.
int64_t bucket_size(int64_t n);

// Rows of a packed batch that a head reads, ascending: the last layer computes no others.
struct RowSelection {
  std::vector<int32_t> rows;         // [R] into the packed batch
  std::vector<int32_t> cu_seqlens;   // [B + 1] into rows
  std::vector<int32_t> in_sequence;  // [R] index in the sequence
  std::vector<int64_t> row_ids;      // [R]
};
RowSelection select_rows(const PackedBatch& batch, std::vector<int32_t> rows);

}  // namespace albert
