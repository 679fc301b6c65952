#include "albert/kernels/cuda/cudnn/attention.h"
#include "albert/kernels/cuda/loops.h"

namespace albert::kernels::cuda {
namespace {

struct WriteIndices {
  SIMT_DEVICE void operator()(int64_t b) const {
    for (int i = 0; i < 5; ++i) {
      const bool of_queries = i == 0 || i > 2;  // q, out, log_sum_exp
      offsets[i][b] =
          static_cast<int32_t>((of_queries ? cu_seqlens_q : cu_seqlens_k)[b] * strides[i]);
    }
    const int64_t next = b < sequences ? b + 1 : b;
    lengths_q[b] = cu_seqlens_q[next] - cu_seqlens_q[b];
    lengths_k[b] = cu_seqlens_k[next] - cu_seqlens_k[b];
  }
  const int32_t *cu_seqlens_q, *cu_seqlens_k;
  int64_t sequences, strides[5];
  int32_t *offsets[5], *lengths_q, *lengths_k;
};

}  // namespace

void cudnn_indices(Stream s, const CudnnIndices& indices, const int64_t (&strides)[5],
                   const AttentionShape& shape) {
  WriteIndices write{};
  write.cu_seqlens_q = data<const int32_t>(shape.cu_seqlens_q);
  write.cu_seqlens_k = data<const int32_t>(shape.cu_seqlens_k);
  write.sequences = shape.cu_seqlens_q.shape[0] - 1;
  for (int i = 0; i < 5; ++i) {
    write.strides[i] = strides[i];
    write.offsets[i] = data<int32_t>(indices.offsets[i]);
  }
  write.lengths_q = data<int32_t>(indices.lengths[0]);
  write.lengths_k = data<int32_t>(indices.lengths[1]);
  for_elements(s, write.sequences + 1, write);
}

}  // namespace albert::kernels::cuda
