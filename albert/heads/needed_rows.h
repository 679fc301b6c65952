#pragma once
#include <vector>

#include "albert/engine/model/layer.h"
#include "albert/engine/packed_batch.h"

namespace albert {

// The rows of the encoder's output that a head reads: all, or a selection that lets the last layer
// skip the rest. Holds a reference to the batch.
class NeededRows {
 public:
  static NeededRows all(const PackedBatch& batch) { return {batch, {}, false}; }
  static NeededRows only(const PackedBatch& batch, const std::vector<int32_t>& rows) {
    return {batch, rows, true};
  }

  RowViews views() const { return pruned_ ? RowViews::of(selection_) : RowViews::all(batch_); }

  // The places of packed rows among those read. Error(kInternal) for a row that is not read.
  std::vector<int32_t> locate(const std::vector<int32_t>& rows) const;

 private:
  NeededRows(const PackedBatch& batch, const std::vector<int32_t>& rows, bool pruned)
      : batch_(batch),
        selection_(pruned ? select_rows(batch, rows) : RowSelection{}),
        pruned_(pruned) {}

  const PackedBatch& batch_;
  RowSelection selection_;
  bool pruned_;
};

}  // namespace albert
