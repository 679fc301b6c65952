// Divides products into blocks that follow from the shapes alone; each block is one single-threaded oneDNN call.
#include <algorithm>
#include <cstring>
#include <exception>
#include <mutex>

#include "kernels/matmul.h"
#include "kernels/matmul_onednn.h"
#include "kernels/parallel.h"

namespace albert::kernels::cpu {
namespace {

constexpr int64_t kTile = 384;        // plain products: rows and columns of c per task
constexpr int64_t kLinearRows = 64;   // packed products: rows per task, or the next multiple of same_rows()
constexpr int64_t kLinearCols = 768;  // and columns
constexpr int64_t kTileRows = 72;     // rows per task of our own kernel, at most
constexpr int64_t kPanelDepth = 512;  // of the inner dimension: how much is copied or widened at a time

// A row's bits must not depend on the rows beside it, but oneDNN sums otherwise in products of fewer than 16 rows
// (AVX-512) and in the rows beyond a multiple of 6 (AVX2). So x w^T, not packed, has a multiple of these rows.
constexpr int64_t kSamePlainRows = 24;
static_assert(kTile % kSamePlainRows == 0);

// parallel_for for bodies that may throw (out of memory): the first exception comes out on the calling thread.
template <class Body>
void parallel_tasks(const Stream& s, int64_t n, const Body& body) {
  std::mutex mutex;
  std::exception_ptr error;
  parallel_for(s, n, [&](int64_t i) {
    try {
      body(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
    }
  });
  if (error) std::rethrow_exception(error);
}

int64_t round_up(int64_t n, int64_t multiple) { return blocks_of(n, multiple) * multiple; }
size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

const std::byte* at(const void* data, int64_t element, DType t) {
  return static_cast<const std::byte*>(data) + static_cast<size_t>(element) * size_of(t);
}
std::byte* at(void* data, int64_t element, DType t) {
  return static_cast<std::byte*>(data) + static_cast<size_t>(element) * size_of(t);
}

void widen(float* to, int64_t to_stride, const void* from, int64_t from_stride, int64_t rows, int64_t cols) {
  const auto* source = static_cast<const BFloat16*>(from);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c) to[r * to_stride + c] = static_cast<float>(source[r * from_stride + c]);
}

void narrow(void* to, int64_t to_stride, const float* from, int64_t from_stride, int64_t rows, int64_t cols) {
  auto* destination = static_cast<BFloat16*>(to);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c) destination[r * to_stride + c] = BFloat16(from[r * from_stride + c]);
}

// What packed weights hold: bf16 only where the ISA multiplies it.
DType packed_dtype(const Stream& s, DType dtype) {
  return dtype == DType::kBF16 && !s.matmul->native_bf16() ? DType::kF32 : dtype;
}

// Whose f32 product: on AVX2 our own is faster than oneDNN's and OpenBLAS's on every shape (docs/benchmarks), and needs
// no rows of zeros; with AVX-512 oneDNN's is the best there is.
bool own_product(const Stream& s, DType dtype) { return s.isa == Isa::kAvx2 && packed_dtype(s, dtype) == DType::kF32; }

void copy_rows(float* to, const float* from, int64_t from_stride, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r)
    std::memcpy(to + r * cols, from + r * from_stride, static_cast<size_t>(cols) * sizeof(float));
}

// For b as it lies, and aT b, a weight's gradient: rows lie whole matrices apart, often a multiple of a page, which
// costs oneDNN up to two fifths of its rate (its AVX2 kernels read them as they lie). Panels next to each other do not.
void matmul_panels(MatmulContext& context, const MatmulTask& t, float* c, const float* a, const float* b) {
  const int64_t depth = std::min(kPanelDepth, t.k);
  const int64_t a_cols = t.transpose_a ? t.m : 0;  // of the panel; else a is read where it is
  const MatmulContext::Scratch scratch(context, static_cast<size_t>(depth * (a_cols + t.n)) * sizeof(float));
  auto* panel_a = static_cast<float*>(scratch.data());
  float* panel_b = panel_a + depth * a_cols;
  MatmulTask part = t;
  part.b_stride = t.n;
  if (t.transpose_a) part.a_stride = t.m;
  for (int64_t begin = 0; begin < t.k; begin += depth) {
    part.k = std::min(depth, t.k - begin);
    part.accumulate = t.accumulate || begin > 0;
    if (t.transpose_a) copy_rows(panel_a, a + begin * t.a_stride, t.a_stride, part.k, t.m);
    copy_rows(panel_b, b + begin * t.b_stride, t.b_stride, part.k, t.n);
    context.matmul_f32(part, c, t.transpose_a ? panel_a : a + begin, panel_b);
  }
}

// By our own kernel, for any a and b.
void matmul_tiles(const Stream& s, const MatmulTask& t, float* c, const float* a, const float* b) {
  const int64_t depth = std::min(kTileDepth, t.k), packed_size = tile_packed_size(t.n, depth);
  const MatmulContext::Scratch scratch(*s.matmul,
                                       static_cast<size_t>(packed_size + tile_scratch_size(depth)) * sizeof(float));
  auto* packed = static_cast<float*>(scratch.data());
  MatmulTask part = t;
  for (int64_t begin = 0; begin < t.k; begin += depth) {
    part.k = std::min(depth, t.k - begin);
    part.accumulate = t.accumulate || begin > 0;
    const float* from_a = a + begin * (t.transpose_a ? t.a_stride : 1);
    ALBERT_CALL_CPU(tile_pack, s, packed, b + begin * (t.transpose_b ? 1 : t.b_stride), part);
    ALBERT_CALL_CPU(tile_multiply, s, c, from_a, packed, nullptr, packed + packed_size, part);
  }
}

void matmul_f32(const Stream& s, const MatmulTask& t, float* c, const float* a, const float* b) {
  if (own_product(s, DType::kF32)) return matmul_tiles(s, t, c, a, b);
  if (t.transpose_b) return s.matmul->matmul_f32(t, c, a, b);
  matmul_panels(*s.matmul, t, c, a, b);
}

// One tile in bf16 storage and f32 arithmetic: panels of both operands are widened, kPanelDepth deep at a time.
void matmul_widened(const Stream& s, const MatmulTask& t, void* c, DType c_dtype, const void* a, const void* b) {
  const int64_t depth = std::min(kPanelDepth, t.k);
  const MatmulContext::Scratch scratch(*s.matmul,
                                       static_cast<size_t>(t.m * depth + depth * t.n + t.m * t.n) * sizeof(float));
  auto* wide_a = static_cast<float*>(scratch.data());
  float* wide_b = wide_a + t.m * depth;
  float* sum = wide_b + depth * t.n;
  for (int64_t begin = 0; begin < t.k; begin += depth) {
    const int64_t k = std::min(depth, t.k - begin);
    MatmulTask part = t;
    part.k = k;
    part.accumulate = begin > 0;
    part.a_stride = t.transpose_a ? t.m : k;
    part.b_stride = t.transpose_b ? k : t.n;
    part.c_stride = t.n;
    const auto* from_a = at(a, t.transpose_a ? begin * t.a_stride : begin, DType::kBF16);
    const auto* from_b = at(b, t.transpose_b ? begin : begin * t.b_stride, DType::kBF16);
    widen(wide_a, part.a_stride, from_a, t.a_stride, t.transpose_a ? k : t.m, t.transpose_a ? t.m : k);
    widen(wide_b, part.b_stride, from_b, t.b_stride, t.transpose_b ? t.n : k, t.transpose_b ? k : t.n);
    matmul_f32(s, part, sum, wide_a, wide_b);
  }
  for (int64_t i = 0; i < t.m; ++i)
    for (int64_t j = 0; j < t.n; ++j) {
      float value = sum[i * t.n + j];
      if (c_dtype == DType::kF32) {
        float& out = static_cast<float*>(c)[i * t.c_stride + j];
        out = t.accumulate ? out + value : value;
      } else {
        BFloat16& out = static_cast<BFloat16*>(c)[i * t.c_stride + j];
        out = BFloat16(t.accumulate ? static_cast<float>(out) + value : value);
      }
    }
}

// The last rows of x w^T, too few for oneDNN to round them as it does the others: x with zeros below, y beside it.
class PaddedRows {
 public:
  struct Side {
    int64_t rows, cols;
    DType dtype;
    size_t row_bytes() const { return static_cast<size_t>(cols) * size_of(dtype); }
    size_t bytes() const { return aligned(static_cast<size_t>(rows) * row_bytes()); }
  };
  PaddedRows(MatmulContext& context, Side x, Side y) : x_(x), y_(y), scratch_(context, x.bytes() + y.bytes()) {}
  std::byte* x() const { return static_cast<std::byte*>(scratch_.data()); }
  std::byte* y() const { return x() + x_.bytes(); }
  // `rows` of x and y, their rows `stride` elements apart.
  void read(const void* from, int64_t stride, int64_t rows) const {
    std::memset(x(), 0, x_.bytes());
    for (int64_t r = 0; r < rows; ++r)
      std::memcpy(at(x(), r * x_.cols, x_.dtype), at(from, r * stride, x_.dtype), x_.row_bytes());
  }
  void write(void* to, int64_t stride, int64_t rows) const {
    for (int64_t r = 0; r < rows; ++r)
      std::memcpy(at(to, r * stride, y_.dtype), at(y(), r * y_.cols, y_.dtype), y_.row_bytes());
  }

 private:
  Side x_, y_;
  MatmulContext::Scratch scratch_;
};

void matmul_tile(const Stream& s, const MatmulTask& t, DType dtype, void* c, DType c_dtype, const void* a,
                 const void* b) {
  if (dtype == DType::kF32)
    matmul_f32(s, t, static_cast<float*>(c), static_cast<const float*>(a), static_cast<const float*>(b));
  else if (s.matmul->native_bf16())
    s.matmul->matmul_bf16(t, c, c_dtype, a, b);
  else
    matmul_widened(s, t, c, c_dtype, a, b);
}

// The same where c's rows must not depend on how many they are: of x w^T alone, for gradients sum over all rows anyway.
void matmul_same_rows(const Stream& s, const MatmulTask& t, DType dtype, void* c, DType c_dtype, const void* a,
                      const void* b) {
  const int64_t rest = t.m % kSamePlainRows, row = t.m - rest;
  MatmulTask part = t;
  part.m = row;
  if (row > 0) matmul_tile(s, part, dtype, c, c_dtype, a, b);
  if (rest == 0) return;
  const PaddedRows padded(*s.matmul, {kSamePlainRows, t.k, dtype}, {kSamePlainRows, t.n, c_dtype});
  padded.read(at(a, row * t.a_stride, dtype), t.a_stride, rest);
  part.m = kSamePlainRows;
  part.a_stride = t.k;
  part.c_stride = t.n;
  matmul_tile(s, part, dtype, padded.y(), c_dtype, padded.x(), b);
  padded.write(at(c, row * t.c_stride, c_dtype), t.c_stride, rest);
}

struct PackedBlocks {
  int64_t n, k;
  DType dtype;
  size_t full_bytes;
  int64_t count() const { return blocks_of(n, kLinearCols); }
  int64_t cols(int64_t block) const { return std::min(kLinearCols, n - block * kLinearCols); }
  size_t offset(int64_t block) const { return static_cast<size_t>(block) * full_bytes; }
};

PackedBlocks packed_blocks(const Stream& s, Shape weight, DType dtype) {
  const DType held = packed_dtype(s, dtype);
  const int64_t n = weight[0], k = weight[1];
  const int64_t cols = std::min(n, kLinearCols);
  const size_t bytes = own_product(s, dtype) ? static_cast<size_t>(tile_packed_size(cols, k)) * sizeof(float)
                                             : s.matmul->packed_bytes(cols, k, held);
  return {n, k, held, aligned(bytes)};
}

// Our own kernel takes blocks of even height, in whole slivers of 6.
int64_t rows_per_linear_task(const Stream& s, int64_t rows, DType dtype) {
  if (!own_product(s, dtype)) return round_up(kLinearRows, s.matmul->same_rows());
  return round_up(blocks_of(rows, blocks_of(rows, kTileRows)), 6);
}

// w [n, k] of `dtype`, as it will be multiplied.
void pack_block(const Stream& s, void* packed, const void* w, int64_t n, int64_t k, DType dtype) {
  if (!own_product(s, dtype)) return s.matmul->pack(packed, w, n, k, dtype);
  const MatmulTask task{0, n, k, k, k, n, false, true, false};
  ALBERT_CALL_CPU(tile_pack, s, static_cast<float*>(packed), static_cast<const float*>(w), task);
}

// y = activation(y), by our own loops while y is in the cache: oneDNN's f32 post-op takes twice as long.
void activate(const Stream& s, Tensor y, Activation activation) {
  const Stream one_thread{.isa = s.isa};
  ALBERT_CALL_CPU(bias_activation_forward, one_thread, y, y, Tensor(), activation);
}

// y [task.m, n] contiguous.
void linear_call(const Stream& s, LinearTask task, void* y, const void* x, const void* packed, const void* bias) {
  const Activation activation = task.activation;
  const bool own = task.y_dtype == DType::kF32 && activation != Activation::kIdentity;
  if (own) task.activation = Activation::kIdentity;
  s.matmul->linear(task, y, x, packed, bias);
  if (own) activate(s, {y, {task.m, task.n}, task.y_dtype}, activation);
}

// y [rows, n] contiguous, by powers of two: ragged batches reuse a handful of generated kernels.
void linear_powers(const Stream& s, LinearTask task, int64_t rows, void* y, const void* x, const void* packed,
                   const void* bias) {
  int64_t row = 0;
  for (task.m = kLinearRows; row < rows; task.m /= 2)
    for (; rows - row >= task.m; row += task.m)
      linear_call(s, task, at(y, row * task.n, task.y_dtype), at(x, row * task.k, task.x_dtype), packed, bias);
}

// y [rows, n] contiguous: the same bits for a row whatever `rows` is.
void linear_rows(const Stream& s, LinearTask task, int64_t rows, void* y, const void* x, const void* packed,
                 const void* bias) {
  const int64_t same = s.matmul->same_rows();
  if (same == 1) return linear_powers(s, task, rows, y, x, packed, bias);
  task.m = round_up(rows, same);
  if (task.m == rows) return linear_call(s, task, y, x, packed, bias);
  const PaddedRows padded(*s.matmul, {task.m, task.k, task.x_dtype}, {task.m, task.n, task.y_dtype});
  padded.read(x, task.k, rows);
  linear_call(s, task, padded.y(), padded.x(), packed, bias);
  padded.write(y, task.n, rows);
}

// By our own kernel, whose rows are the same among any others: y's are y_stride elements apart.
void linear_tiles(const Stream& s, const LinearTask& task, int64_t rows, float* y, int64_t y_stride, const float* x,
                  const float* packed, const float* bias) {
  const MatmulContext::Scratch scratch(*s.matmul, static_cast<size_t>(tile_scratch_size(task.k)) * sizeof(float));
  const MatmulTask product{rows, task.n, task.k, task.k, task.k, y_stride, false, true, false};
  ALBERT_CALL_CPU(tile_multiply, s, y, x, packed, bias, static_cast<float*>(scratch.data()), product);
  if (task.activation == Activation::kIdentity) return;
  for (int64_t r = 0; r < rows; ++r) activate(s, {y + r * y_stride, {1, task.n}, DType::kF32}, task.activation);
}

// The same by whoever multiplies here; oneDNN by way of scratch where y_stride is not n.
void linear_block(const Stream& s, const LinearTask& task, int64_t rows, std::byte* y, int64_t y_stride, const void* x,
                  const void* packed, const void* bias) {
  if (own_product(s, task.x_dtype))
    return linear_tiles(s, task, rows, reinterpret_cast<float*>(y), y_stride, static_cast<const float*>(x),
                        static_cast<const float*>(packed), static_cast<const float*>(bias));
  if (y_stride == task.n) return linear_rows(s, task, rows, y, x, packed, bias);
  const size_t row_bytes = static_cast<size_t>(task.n) * size_of(task.y_dtype);
  const MatmulContext::Scratch scratch(*s.matmul, static_cast<size_t>(rows) * row_bytes);
  linear_rows(s, task, rows, scratch.data(), x, packed, bias);
  for (int64_t r = 0; r < rows; ++r)
    std::memcpy(at(y, r * y_stride, task.y_dtype), at(scratch.data(), r * task.n, task.y_dtype), row_bytes);
}

// The same for bf16 storage without bf16 arithmetic: x, bias and y pass through f32 scratch.
void linear_block_widened(const Stream& s, const LinearTask& task, int64_t rows, std::byte* y, int64_t y_stride,
                          const void* x, const void* packed, const void* bias) {
  const MatmulContext::Scratch scratch(*s.matmul,
                                       static_cast<size_t>(rows * (task.k + task.n) + task.n) * sizeof(float));
  auto* wide_x = static_cast<float*>(scratch.data());
  float* wide_y = wide_x + rows * task.k;
  float* wide_bias = wide_y + rows * task.n;
  widen(wide_x, task.k, x, task.k, rows, task.k);
  if (bias) widen(wide_bias, task.n, bias, task.n, 1, task.n);
  LinearTask wide = task;
  wide.x_dtype = wide.y_dtype = DType::kF32;
  linear_block(s, wide, rows, reinterpret_cast<std::byte*>(wide_y), task.n, wide_x, packed, bias ? wide_bias : nullptr);
  narrow(y, y_stride, wide_y, task.n, rows, task.n);
}

}  // namespace

void matmul(Stream s, Tensor c, Tensor a, Tensor b, Matmul options) {
  if (a.dtype == DType::kF64) return kernels::matmul_f64(s, c, a, b, options);
  const int64_t m = c.shape[0], n = c.shape[1], k = a.shape[options.transpose_a ? 0 : 1];
  if (k == 0) {
    if (!options.accumulate) std::memset(c.data, 0, c.bytes());
    return;
  }
  const int64_t columns = blocks_of(n, kTile);
  parallel_tasks(s, blocks_of(m, kTile) * columns, [&](int64_t i) {
    const int64_t row = i / columns * kTile, column = i % columns * kTile;
    const MatmulTask task{
        std::min(kTile, m - row), std::min(kTile, n - column), k, a.shape[1], b.shape[1], n, options.transpose_a,
        options.transpose_b,      options.accumulate};
    const bool forward = options.transpose_b && !options.transpose_a && !options.accumulate;
    const auto tile = forward && !own_product(s, a.dtype) ? matmul_same_rows : matmul_tile;
    tile(s, task, a.dtype, at(c.data, row * n + column, c.dtype), c.dtype,
         at(a.data, options.transpose_a ? row : row * k, a.dtype),
         at(b.data, options.transpose_b ? column * k : column, b.dtype));
  });
}

size_t packed_bytes(Stream s, Shape weight, DType dtype) {
  if (dtype != DType::kF32 && dtype != DType::kBF16) return 0;
  const PackedBlocks blocks = packed_blocks(s, weight, dtype);
  return static_cast<size_t>(blocks.count()) * blocks.full_bytes;
}

void pack_weight(Stream s, Tensor packed, Tensor weight) {
  const PackedBlocks blocks = packed_blocks(s, weight.shape, weight.dtype);
  parallel_tasks(s, blocks.count(), [&](int64_t i) {
    const int64_t n = blocks.cols(i);
    const auto* from = at(weight.data, i * kLinearCols * blocks.k, weight.dtype);
    auto* to = static_cast<std::byte*>(packed.data) + blocks.offset(i);
    if (blocks.dtype == weight.dtype) return pack_block(s, to, from, n, blocks.k, blocks.dtype);
    const MatmulContext::Scratch scratch(*s.matmul, static_cast<size_t>(n * blocks.k) * sizeof(float));
    widen(static_cast<float*>(scratch.data()), blocks.k, from, blocks.k, n, blocks.k);
    pack_block(s, to, scratch.data(), n, blocks.k, blocks.dtype);
  });
}

void linear_packed(Stream s, Tensor y, Tensor x, Tensor packed, Tensor bias, Activation activation) {
  const int64_t rows = x.shape[0];
  const PackedBlocks blocks = packed_blocks(s, {y.shape[1], x.shape[1]}, x.dtype);
  const bool widened = blocks.dtype != x.dtype;
  const int64_t task_rows = rows_per_linear_task(s, rows, x.dtype);
  parallel_tasks(s, blocks_of(rows, task_rows) * blocks.count(), [&](int64_t i) {
    const int64_t row = i / blocks.count() * task_rows, block = i % blocks.count(), column = block * kLinearCols;
    const LinearTask task{0, blocks.cols(block), blocks.k, x.dtype, y.dtype, bool(bias), activation};
    const auto* weights = static_cast<const std::byte*>(packed.data) + blocks.offset(block);
    const void* bias_block = bias ? at(bias.data, column, bias.dtype) : nullptr;
    (widened ? linear_block_widened : linear_block)(s, task, std::min(task_rows, rows - row),
                                                    at(y.data, row * blocks.n + column, y.dtype), blocks.n,
                                                    at(x.data, row * blocks.k, x.dtype), weights, bias_block);
  });
}

}  // namespace albert::kernels::cpu
