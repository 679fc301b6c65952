#pragma once
// The part of cuBLASLt's interface that we use, by its values, so that builds and tests need no
// CUDA toolkit. lt_check.cpp checks it against NVIDIA's header in builds that have it.
#include <cstddef>
#include <cstdint>
#include <functional>

namespace albert::kernels {

class CudaLibrary;

namespace cublas_lt {

enum Status : int { kSuccess = 0, kNotInitialized = 1, kInvalidValue = 7, kNotSupported = 15 };
enum DataType : int { kR32F = 0, kR64F = 1, kR16F = 2, kR16BF = 14 };
enum ComputeType : int { kCompute32F = 68, kCompute64F = 70, kComputeTf32 = 77 };
enum Operation : int32_t { kPlain = 0, kTransposed = 1 };

// Bits: kBias | kGelu; kAux keeps GELU's input, kDGelu reads it.
enum Epilogue : uint32_t {
  kDefault = 1,
  kRelu = 2,
  kBias = 4,
  kReluBias = kRelu | kBias,
  kGelu = 32,
  kAux = 128,
  kGeluBias = kGelu | kBias,
  kGeluAux = kGelu | kAux,
  kGeluAuxBias = kGeluAux | kBias,
  kDGelu = 64 | kAux,
  kDGeluBiasGradient = kDGelu | 16,
};

enum DescAttribute : int {
  kTransposeA = 3,   // int32_t
  kTransposeB = 4,   // int32_t
  kEpilogue = 7,     // uint32_t
  kBiasPointer = 8,  // the bias, or the bias gradient that is written
  kAuxPointer = 11,  // 16-byte aligned
  kAuxStride = 12,   // int64_t, a multiple of 8
};
enum PreferenceAttribute : int {
  kMaxWorkspaceBytes = 1,    // uint64_t
  kReductionSchemeMask = 3,  // uint32_t
  kMinAlignmentA = 5,        // uint32_t, as the next three
  kMinAlignmentB = 6,
  kMinAlignmentC = 7,
  kMinAlignmentD = 8,
};
constexpr uint32_t kReductionInComputeType = 2;

using Handle = struct HandleOpaque*;
using Desc = struct DescOpaque*;
using Layout = struct LayoutOpaque*;
using Preference = struct PreferenceOpaque*;

struct Algo {
  uint64_t data[8];
};
struct HeuristicResult {
  Algo algo;
  size_t workspace_bytes;
  Status state;
  float waves;
  int reserved[4];
};

// The library's functions, by their names without "cublasLt". Matrices are column-major.
struct Functions {
  std::function<size_t()> get_version;  // 130100: 13.1
  std::function<const char*(Status)> get_status_string;
  std::function<Status(Handle*)> create;
  std::function<Status(Handle)> destroy;
  std::function<Status(Desc*, ComputeType, DataType scale)> matmul_desc_create;
  std::function<Status(Desc)> matmul_desc_destroy;
  std::function<Status(Desc, DescAttribute, const void*, size_t)> matmul_desc_set_attribute;
  std::function<Status(Layout*, DataType, uint64_t rows, uint64_t cols, int64_t stride)>
      matrix_layout_create;
  std::function<Status(Layout)> matrix_layout_destroy;
  std::function<Status(Preference*)> matmul_preference_create;
  std::function<Status(Preference)> matmul_preference_destroy;
  std::function<Status(Preference, PreferenceAttribute, const void*, size_t)>
      matmul_preference_set_attribute;
  std::function<Status(Handle, Desc, Layout a, Layout b, Layout c, Layout d, Preference, int wanted,
                       HeuristicResult*, int* found)>
      matmul_algo_get_heuristic;
  std::function<Status(Handle, Desc, Layout a, Layout b, Layout c, Layout d, const Algo*,
                       HeuristicResult*)>
      matmul_algo_check;
  std::function<Status(Handle, Desc, const void* alpha, const void* a, Layout, const void* b,
                       Layout, const void* beta, const void* c, Layout, void* d, Layout,
                       const Algo*, void* workspace, size_t, void* stream)>
      matmul;
};

// libcublasLt.so.13 or .12, which `library` must have opened and outlive.
Functions functions_of(const CudaLibrary& library);

}  // namespace cublas_lt
}  // namespace albert::kernels
