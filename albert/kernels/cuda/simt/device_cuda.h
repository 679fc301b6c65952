#pragma once
// Implements simt.h for nvcc. Only simt.h includes this file.
#include <cuda_runtime.h>

#include <climits>

#include "albert/base/error.h"
#include "albert/kernels/cuda/runtime/check.h"
#include "albert/kernels/dtype.h"

#define SIMT_KERNEL(...) __global__ void __launch_bounds__(__VA_ARGS__)
#define SIMT_DEVICE __device__ __forceinline__

namespace albert::kernels::simt {

SIMT_DEVICE int thread() { return static_cast<int>(threadIdx.x); }
SIMT_DEVICE int threads() { return static_cast<int>(blockDim.x); }
SIMT_DEVICE int64_t block() { return static_cast<int64_t>(blockIdx.x); }

// The block's shared memory, 16-byte aligned.
template <class T>
SIMT_DEVICE T* shared() {
  extern __shared__ __align__(16) unsigned char simt_shared_memory[];
  return reinterpret_cast<T*>(simt_shared_memory);
}

SIMT_DEVICE void barrier() { __syncthreads(); }

// Returns v of the lane whose number differs by `mask`.
template <class T>
SIMT_DEVICE T shuffle_xor(T v, int mask) {
  return __shfl_xor_sync(0xffffffffU, v, mask);
}
// Bit i: lane i's predicate.
SIMT_DEVICE uint32_t ballot(bool predicate) { return __ballot_sync(0xffffffffU, predicate); }

SIMT_DEVICE uint32_t shared_address(const void* p) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}

// Four 8x8 matrices of 16-bit elements from shared memory: lane l gives the address of row l % 8 of
// matrix l / 8 (16 bytes, aligned) and gets elements 2 (l % 4), 2 (l % 4) + 1 of row l / 4 of each;
// with kTransposed of its transpose.
template <bool kTransposed>
SIMT_DEVICE void load_matrices(uint32_t (&matrix)[4], const void* row) {
  if constexpr (kTransposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(matrix[0]), "=r"(matrix[1]), "=r"(matrix[2]), "=r"(matrix[3])
                 : "r"(shared_address(row)));
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(matrix[0]), "=r"(matrix[1]), "=r"(matrix[2]), "=r"(matrix[3])
                 : "r"(shared_address(row)));
}

// The conversions between f32 and F, BFloat16 or Float16, are the hardware's: to nearest even, NaN
// becomes 0x7fff.
template <class F>
SIMT_DEVICE F round_to(float value) {
  F rounded;
  if constexpr (DTypeOf<F>::value == DType::kBF16)
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(rounded.bits) : "f"(value));
  else
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(rounded.bits) : "f"(value));
  return rounded;
}
SIMT_DEVICE float to_float(BFloat16 value) {
  return float_of(static_cast<uint32_t>(value.bits) << 16);
}
SIMT_DEVICE float to_float(Float16 value) {
  float wide;
  asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(value.bits));
  return wide;
}

// Two elements of F in the halves of a register, the first in the lower one.
template <class F>
SIMT_DEVICE uint32_t round_pair_to(float first, float second) {
  uint32_t pair;
  if constexpr (DTypeOf<F>::value == DType::kBF16)
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  else
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  return pair;
}
template <class F>
SIMT_DEVICE void pair_to_floats(float& first, float& second, uint32_t pair) {
  if constexpr (DTypeOf<F>::value == DType::kBF16) {
    first = float_of(pair << 16);
    second = float_of(pair & 0xffff0000U);
  } else {
    F low, high;
    low.bits = static_cast<uint16_t>(pair);
    high.bits = static_cast<uint16_t>(pair >> 16);
    first = to_float(low);
    second = to_float(high);
  }
}

// c [16, 8] += a [16, 16] b [16, 8] by a warp, F BFloat16 or Float16, sums in f32; fragments as
// PTX's mma.m16n8k16 has them: c's rows l / 4 and l / 4 + 8, columns 2 (l % 4) and the next.
template <class F>
SIMT_DEVICE void multiply_add(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  if constexpr (DTypeOf<F>::value == DType::kBF16)
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
        "{%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  else
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
        "{%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Starts a copy of 16 aligned bytes from global to shared memory; if not `inside`, it writes zeros
// and reads nothing.
SIMT_DEVICE void copy_async(void* to, const void* from, bool inside) {
  const int bytes = inside ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from),
               "r"(bytes));
}
// The thread's copies since the last commit become one group.
SIMT_DEVICE void commit_copies() { asm volatile("cp.async.commit_group;"); }
// Returns when all but the thread's latest kGroups groups have arrived. Other threads see them
// after a barrier.
template <int kGroups>
SIMT_DEVICE void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kGroups));
}

// 2^x with a relative error of 2^-22; 0 where that would be below 2^-126.
SIMT_DEVICE float exp2(float x) {
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
}

// The number of the lowest bit that is set; bits != 0.
SIMT_DEVICE int lowest_bit(uint32_t bits) { return __ffs(static_cast<int>(bits)) - 1; }

// kernel<<<>>>(arguments...) on the stream's queue. Error(kInternal) if CUDA refuses it.
template <class... Parameters, class... Arguments>
void launch(const Stream& s, const Launch& shape, void (*kernel)(Parameters...),
            const Arguments&... arguments) {
  constexpr size_t kWithoutAsking = 48 * 1024;
  if (shape.blocks == 0) return;
  ALBERT_CHECK(shape.blocks <= INT_MAX, "a launch of ", shape.blocks, " blocks");
  if (shape.shared_bytes > kWithoutAsking)
    check_cuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(shape.shared_bytes)),
               "shared memory of a block");
  kernel<<<static_cast<unsigned>(shape.blocks), static_cast<unsigned>(shape.threads),
           shape.shared_bytes, static_cast<cudaStream_t>(s.queue)>>>(arguments...);
  check_cuda(cudaGetLastError(), "launch");
}

}  // namespace albert::kernels::simt
