#pragma once
// Not installed.
#include <cstddef>
#include <span>

namespace albert {

// Transposes a matrix [rows, cols] of items of 1, 2, 4 or 8 bytes. Where one side is a multiple of
// the other, as in every kernel of ALBERT, in its own memory and a row more; else by a copy.
void transpose_in_place(std::span<std::byte> matrix, size_t rows, size_t cols, size_t item);

}  // namespace albert
