#pragma once
// Our own int8 matmul, on one thread, for the tasks of linear_int8.cpp. Sums are exact in 32 bits
// and the operations on floats come in one order, so every instruction set gives the same bits.
#include "albert/kernels/blocks.h"
#include "albert/kernels/dispatch.h"

namespace albert::kernels {

constexpr int64_t kInt8Columns = 64;       // packed weights have whole blocks of so many columns
constexpr int64_t kInt8MaxDepth = 32'768;  // sums of so many products fit 32 bits
constexpr float kInt8Clip = 5;  // root mean squares of a row; what is beyond is kept exactly

// An activation beyond the 8 bits of its row: `rest` is what it has above or below them.
struct Int8Extra {
  int32_t column, rest;
};

// Rows of activations x as (q - zero) * scale, q in [0, 255]. `groups` 4-byte words of a row hold
// `group` values each: four u8, or two s16 where the instructions multiply those.
struct Int8Rows {
  int64_t group = 0, groups = 0, capacity = 0;  // capacity: extras a row can have
  int32_t* words = nullptr;                     // [rows, groups]
  float* scales = nullptr;                      // [rows]; NaN: the row is not finite
  int32_t* zeros = nullptr;                     // [rows]
  int32_t* extra_counts = nullptr;              // [rows]
  Int8Extra* extras = nullptr;                  // [rows, capacity]
  Int8Rows from(int64_t row) const {
    return {group,        groups,      capacity,           words + row * groups,
            scales + row, zeros + row, extra_counts + row, extras + row * capacity};
  }
};

// Weights [n, k] as q * scale, q in [-127, 127], the columns of y in slivers that follow from the
// instruction set; `sums` are those of q over k. All have whole blocks of kInt8Columns.
struct Int8Weights {
  int8_t* values = nullptr;
  float* scales = nullptr;
  int32_t* sums = nullptr;
};

struct Int8Task {
  Int8Rows x;
  Int8Weights weights;          // from the task's first column on
  const float* bias = nullptr;  // [cols] or null
  float* y = nullptr;
  int64_t y_stride = 0, rows = 0, cols = 0;
};

// The matmul of one instruction set.
struct Int8Gemm {
  int64_t group;  // inner elements that one instruction sums
  // Packs q [cols, k], cols at most kInt8Columns, into `to` [kInt8Columns, k rounded up to 4].
  void (*pack)(int8_t* to, const int8_t* q, int64_t cols, int64_t k);
  // y = x weightsT + bias
  void (*multiply)(const Int8Task& task);
};
namespace cpu::generic {
Int8Gemm int8_gemm();
}
namespace cpu::avx2 {
Int8Gemm int8_gemm();
}
namespace cpu::avx2_vnni {
Int8Gemm int8_gemm();
}
namespace cpu::avx512 {
Int8Gemm int8_gemm();
}
namespace cpu::avx512_vnni {
Int8Gemm int8_gemm();
}

// Quantizes x [rows, k] into `to`. A row's step follows from its root mean square and its extremes,
// and its outliers become extras.
ALBERT_KERNEL(void int8_quantize_rows(Stream s, const Int8Rows& to, const float* x, int64_t rows,
                                      int64_t k))

// Quantizes one weight row w [k] into q [k] and returns its scale: the one with the smallest
// squared error among those that clip, and those that a weight quantized before may have had.
ALBERT_KERNEL(float int8_quantize_weight(Stream s, int8_t* q, const float* w, int64_t k))

}  // namespace albert::kernels
