// Every header that a CUDA twin of a kernel includes, seen by nvcc as C++17.
#include "kernels/activation.h"
#include "kernels/attention.h"
#include "kernels/check.h"
#include "kernels/cross_entropy.h"
#include "kernels/dispatch.h"
#include "kernels/dropout.h"
#include "kernels/elementwise_loss.h"
#include "kernels/embedding.h"
#include "kernels/global_norm.h"
#include "kernels/layer_norm.h"
#include "kernels/matmul.h"
#include "kernels/optimizer.h"
#include "kernels/philox.h"
#include "kernels/rows.h"

// Philox is device code too.
__global__ void philox_on_device(unsigned* words, unsigned n) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) words[i] = albert::kernels::philox(i, 0, 0, 0, 1, 2).word[0];
}
