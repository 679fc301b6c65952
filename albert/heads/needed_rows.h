#pragma once
#include <vector>

#include "albert/engine/model/layer.h"
#include "albert/engine/packed_batch.h"

namespace albert {

// The rows a head reads of the encoder's output: all, or a selection that lets the last layer skip
// the rest.
class NeededRows {
 public:
  static NeededRows all(const PackedBatch& batch) { return {batch, {}, false}; }
  static NeededRows only(const PackedBatch& batch, const std::vector<int32_t>& rows) {
    return {batch, rows, true};
  }

  RowViews views() const { return pruned_ ? RowViews::of(selection_) : RowViews::all(batch_); }

  // Where packed rows lie among those read. All of them must be.
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

inline Tensor i32_view(const std::vector<int32_t>& v) {
  return {const_cast<int32_t*>(v.data()), {static_cast<int64_t>(v.size())}, DType::kI32};
}

}  // namespace albert
