#include "albert/kernels/cuda/loops.h"
#include "albert/kernels/unpack_rows.h"

namespace albert::kernels::cuda {
namespace {

// N columns of a row.
template <class F, int N>
struct Unpack {
  SIMT_DEVICE void operator()(int64_t i) const {
    const int64_t place = i / groups, column = i % groups * N, row = rows[place];
    Acc<F> value[N] = {};
    if (row >= 0) load_pack<N>(value, x + row * groups * N + column);
    store_pack<N>(y + i * N, value, Grad::kAssign);
  }
  Acc<F>* y;
  const F* x;
  const int32_t* rows;
  int64_t groups;  // of N columns, in a row
};

}  // namespace

void unpack_rows(Stream s, Tensor y, Tensor x, Tensor rows) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const int64_t cols = x.shape[1];
    // Of 16-bit x, 32 bytes are written for every 16 that are read.
    const bool packs = packs_fit<F>(cols, data<F>(x)) && packs_fit<Acc<F>>(cols, data<Acc<F>>(y)) &&
                       reinterpret_cast<uintptr_t>(y.data) % (kPack<F> * sizeof(Acc<F>)) == 0;
    for_width<F>(packs, [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_elements(
          s, y.shape[0] * (cols / N),
          Unpack<F, N>{data<Acc<F>>(y), data<const F>(x), data<const int32_t>(rows), cols / N});
    });
  });
}

}  // namespace albert::kernels::cuda
