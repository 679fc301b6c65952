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

  // Notes the orders of the rows by their ids, which the gradients of embeddings need on a GPU.
  void sort_rows(const BatchLimits& limits);

  int64_t batch_size() const { return batch_; }
  int64_t padded_length() const { return length_; }
  int64_t tokens() const { return static_cast<int64_t>(columns_.size()); }  // T, with the filling
  int64_t real_tokens() const { return real_tokens_; }
  // B, and one more in a bucketed batch.
  int64_t sequences() const { return static_cast<int64_t>(cu_seqlens_.size()) - 1; }
  bool bucketed() const { return bucketed_; }
  bool has_embeds() const { return !inputs_embeds_.empty(); }

  // Views that are valid while this lives. [T] i32 unless said otherwise.
  HostView input_ids() const { return HostView::of(input_ids_); }  // empty with inputs_embeds
  HostView token_type_ids() const { return HostView::of(token_type_ids_); }
  HostView position_ids() const { return HostView::of(position_ids_); }
  HostView cu_seqlens() const { return HostView::of(cu_seqlens_); }          // [sequences() + 1]
  HostView index_in_sequence() const { return HostView::of(in_sequence_); }  // from 0 in each
  HostView row_numbers() const { return HostView::of(row_numbers_); }        // 0..T-1
  // [B * S]: the row at every place of the padded batch, -1 at padding; in a bucketed batch filled
  // up with -1. Empty where there is no padding, so that the first B * S rows are those.
  HostView rows_of_places() const { return HostView::of(rows_of_places_); }
  // The argsort of each of the ids; empty without sort_rows().
  HostView rows_by_input_id() const { return HostView::of(by_input_id_); }
  HostView rows_by_token_type_id() const { return HostView::of(by_token_type_id_); }
  HostView rows_by_position_id() const { return HostView::of(by_position_id_); }
  // Dropout identifies rows and sequences by these numbers, which do not depend on padding.
  HostView row_ids() const { return HostView::of(row_ids_); }            // [T] i64
  HostView sequence_ids() const { return HostView::of(sequence_ids_); }  // [B] i64
  const HostTensor& inputs_embeds() const { return inputs_embeds_; }     // [T, E] or empty

  const std::vector<int32_t>& offsets() const { return cu_seqlens_; }
  int64_t sequence_of(int64_t row) const { return sequences_[static_cast<size_t>(row)]; }
  // The row's column in the padded [B, S].
  int64_t column_of(int64_t row) const { return columns_[static_cast<size_t>(row)]; }
  // Nothing where the padded [B, S] has padding.
  std::optional<int64_t> row_of(int64_t sequence, int64_t column) const;

  // [B]: the row of every sequence's first column, which the pooler reads. Error(kBadData) where
  // that is padding.
  std::vector<int32_t> first_rows() const;

  // [T, ...] rows into the padded [B, S, ...], zeros at padding.
  HostTensor unpack(const HostTensor& rows) const;
  // The padded [B, S, ...] into [T, ...]. Error(kBadData), which calls the array `name`.
  HostTensor pack(const HostTensor& padded, const char* name) const;

 private:
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
  std::vector<int32_t> columns_, sequences_, rows_of_places_;
  std::vector<int64_t> row_ids_, sequence_ids_;
  HostTensor inputs_embeds_;
  std::vector<int32_t> by_input_id_, by_token_type_id_, by_position_id_;  // of sort_rows()
};

// n rounded up to a multiple of a sixteenth of the power of two below it, of 8 at least: there are
// few sizes, at most 6 % apart where n is large.
int64_t bucket_size(int64_t n);

// Rows of a packed batch that a head reads, ascending. The last layer computes no others.
struct RowSelection {
  std::vector<int32_t> rows;         // [R] into the packed batch
  std::vector<int32_t> cu_seqlens;   // [B + 1] into rows
  std::vector<int32_t> in_sequence;  // [R] index in the sequence
  std::vector<int64_t> row_ids;      // [R]
};
// Sorts `rows` and drops doubles; in a bucketed batch it repeats the batch's last row up to
// bucket_size().
RowSelection select_rows(const PackedBatch& batch, std::vector<int32_t> rows);

}  // namespace albert
