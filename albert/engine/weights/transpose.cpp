#include "albert/engine/weights/transpose.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

namespace albert {
namespace {

constexpr size_t kSide = 32;

// A square of a matrix with rows of `stride` items, in a buffer of its own: rows a power of two
// apart would drive each other out of the cache.
template <class Item>
struct Square {
  std::array<std::array<Item, kSide>, kSide> items;

  void load(const std::byte* from, size_t stride, size_t height, size_t width) {
    for (size_t i = 0; i < height; ++i)
      std::memcpy(items[i].data(), from + i * stride * sizeof(Item), width * sizeof(Item));
  }
  // Writes the transpose of [height, width].
  void store_turned(std::byte* to, size_t stride, size_t height, size_t width) const {
    std::array<Item, kSide> row;
    for (size_t j = 0; j < width; ++j) {
      for (size_t i = 0; i < height; ++i) row[i] = items[i][j];
      std::memcpy(to + j * stride * sizeof(Item), row.data(), height * sizeof(Item));
    }
  }
};

template <class Item>
void transpose_copy(std::span<std::byte> matrix, size_t rows, size_t cols) {
  const std::vector<std::byte> from(matrix.begin(), matrix.end());
  Square<Item> square;
  for (size_t top = 0; top < rows; top += kSide)
    for (size_t left = 0; left < cols; left += kSide) {
      const size_t height = std::min(rows - top, kSide), width = std::min(cols - left, kSide);
      square.load(from.data() + (top * cols + left) * sizeof(Item), cols, height, width);
      square.store_turned(matrix.data() + (left * rows + top) * sizeof(Item), rows, height, width);
    }
}

template <class Item>
void transpose_square(std::byte* matrix, size_t side) {
  Square<Item> above, below;
  for (size_t top = 0; top < side; top += kSide)
    for (size_t left = top; left < side; left += kSide) {
      const size_t height = std::min(side - top, kSide), width = std::min(side - left, kSide);
      std::byte *upper = matrix + (top * side + left) * sizeof(Item),
                *lower = matrix + (left * side + top) * sizeof(Item);
      above.load(upper, side, height, width);
      below.load(lower, side, width, height);
      above.store_turned(lower, side, height, width);
      below.store_turned(upper, side, width, height);
    }
}

// Transposes a matrix [rows, cols] whose items are runs of bytes, following each cycle of moves.
void transpose_runs(std::byte* matrix, size_t rows, size_t cols, size_t bytes) {
  std::vector<bool> is_done(rows * cols);
  std::vector<std::byte> moved(bytes);
  for (size_t start = 0; start < is_done.size(); ++start) {
    if (is_done[start]) continue;
    std::memcpy(moved.data(), matrix + start * bytes, bytes);
    for (size_t at = start; !is_done[at];) {
      is_done[at] = true;
      at = at % cols * rows + at / cols;  // where it belongs
      std::swap_ranges(moved.begin(), moved.end(), matrix + at * bytes);
    }
  }
}

template <class Item>
void transpose(std::span<std::byte> matrix, size_t rows, size_t cols) {
  const size_t side = std::min(rows, cols);
  if (rows % side != 0 || cols % side != 0) return transpose_copy<Item>(matrix, rows, cols);
  // A wide matrix is first cut into squares, one below the other; a high one is put together last.
  if (cols > rows) transpose_runs(matrix.data(), rows, cols / side, side * sizeof(Item));
  for (size_t at = 0; at < matrix.size(); at += side * side * sizeof(Item))
    transpose_square<Item>(matrix.data() + at, side);
  if (rows > cols) transpose_runs(matrix.data(), rows / side, cols, side * sizeof(Item));
}

}  // namespace

void transpose_in_place(std::span<std::byte> matrix, size_t rows, size_t cols, size_t item) {
  if (rows == 0 || cols == 0) return;
  switch (item) {
    case 1: return transpose<uint8_t>(matrix, rows, cols);
    case 2: return transpose<uint16_t>(matrix, rows, cols);
    case 4: return transpose<uint32_t>(matrix, rows, cols);
    default: return transpose<uint64_t>(matrix, rows, cols);
  }
}

}  // namespace albert
